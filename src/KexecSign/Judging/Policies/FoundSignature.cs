using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Keys.Certificates;

namespace KexecSign.Judging.Policies;

/// <summary>A signature that a policy has rules for.</summary>
/// <param name="Digest">Digest algorithm in lower case.</param>
/// <param name="Signer">The signer's certificate; null when it is not known.</param>
/// <param name="Holds">Whether the signature is the signer's and the file's; whom a signature names is nothing without.</param>
/// <param name="HasTime">Whether it carries a signing time or a timestamp, which differ from build to build.</param>
internal sealed record FoundSignature(string Digest, X509Certificate2? Signer, bool Holds, bool HasTime)
{
    private const int LeastRsaBits = 2048;

    /// <summary>Certificates that travel along.</summary>
    public ImmutableArray<X509Certificate2> Companions { get; private init; } = [];

    /// <summary>Key algorithm and size: <c>rsa3072</c>, <c>p256</c>, <c>mldsa65</c>.</summary>
    public string Algorithm
    {
        get
        {
            if (Signer is not null && MlDsaCertificate.NameOf(Signer) is { } name)
                return name.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
            using RSA? rsa = Signer?.GetRSAPublicKey();
            if (rsa is not null)
                return $"rsa{rsa.KeySize}";
            using ECDsa? ecdsa = Signer?.GetECDsaPublicKey();
            return ecdsa is null ? "unknown" : $"p{ecdsa.KeySize}";
        }
    }

    /// <summary>
    /// Whether the same key makes the same signature of the same file each time, as RSA PKCS#1 v1.5 does: ECDSA draws a number, and so does
    /// ML-DSA as OpenSSL and tokens sign by default (FIPS 204, hedged). Of a key that is not known nothing is promised.
    /// </summary>
    public bool IsDeterministic
    {
        get
        {
            using RSA? rsa = Signer?.GetRSAPublicKey();
            return rsa is not null;
        }
    }

    /// <summary>What is weak about the digest; null when nothing is.</summary>
    public string? WeakDigest => Digest is "md5" or "sha1" or "sha224" ? $"the digest is {Digest}" : null;

    /// <summary>What is weak about the key, or not known of it; null when nothing is.</summary>
    public string? WeakKey
    {
        get
        {
            using RSA? rsa = Signer?.GetRSAPublicKey();
            if (rsa is not null)
                return rsa.KeySize < LeastRsaBits ? $"the key is RSA of {rsa.KeySize} bits" : null;
            return PolicyDocument.Algorithms.Contains(Algorithm) ? null : $"the key is {Algorithm}";
        }
    }

    /// <summary>SHA-256 of a certificate and of its public key, computed from them.</summary>
    public static ImmutableArray<string> Fingerprints(X509Certificate2 certificate) =>
    [
        Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)),
        Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())),
    ];

    /// <summary>The Authenticode signatures of an image, in their order.</summary>
    public static ImmutableArray<FoundSignature> OfImage(Layout file, FileDigests digests)
    {
        if (!KnownImage.Of(file).IsPe)
            return [];
        PeImage image = PeReader.Read(file);
        ReadDigests read = ReadDigests.Of(image, file, digests, []);
        return
        [
            .. CertificateTable.Read(image, file).Select(entry => AuthenticodeSignature.Decode(entry.Pkcs7()))
                .Select(s => new FoundSignature(
                Name(s.SignerHash), s.Signer,
                s.Signer is not null && s.SignaturesHold() && read.Match(s.IndirectData.Hash, s.IndirectData.Digest.Span),
                s.SigningTime is not null || !s.TimestampTokens.IsEmpty) { Companions = s.Certificates }),
        ];
    }

    /// <summary>The IMA signature of a file, its signer looked for among certificates; none when there is no signature.</summary>
    public static ImmutableArray<FoundSignature> OfIma(JudgedFile file, ImmutableArray<X509Certificate2> known, RunContext context)
    {
        if ((file.Ima.Security ?? file.Ima.Sidecar) is not { } value || !ImaValues.IsSignature(value))
            return [];
        ImaSignature signature = ImaSignature.Decode(value);
        X509Certificate2? signer = known.FirstOrDefault(c => ImaCheck.KeyIdOf(c) == signature.KeyId);
        bool holds = signer is not null && ImaAppraisal.Judge(file, withSidecar: true, known, null, context).Answer == Answer.Accepts;
        return [new(Name(signature.Hash), signer, holds, false)];
    }

    /// <summary>A digest as policies write it.</summary>
    public static string Name(HashAlgorithmName hash) =>
        hash.Name!.StartsWith("SHA3-", StringComparison.Ordinal)
            ? hash.Name.ToLowerInvariant()
            : hash.Name.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}
