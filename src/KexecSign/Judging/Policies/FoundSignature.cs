using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Formats.Authenticode;
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

    /// <summary>The Authenticode signatures of an image, in their order.</summary>
    public static ImmutableArray<FoundSignature> OfImage(Layout file, RunContext context)
    {
        if (!PeReader.LooksLikePe(file.ReadBytes(0, Math.Min(file.Length, 4096))))
            return [];
        PeImage image = PeReader.Read(file);
        ReadDigests digests = ReadDigests.Of(image, file, context, []);
        return
        [
            .. CertificateTable.Read(image, file).Select(entry => AuthenticodeSignature.Decode(entry.Pkcs7())).Select(s => new FoundSignature(
                Name(s.SignerHash), s.Signer,
                s.Signer is not null && s.SignaturesHold() && digests.Match(s.IndirectData.Hash, s.IndirectData.Digest.Span),
                s.SigningTime is not null || !s.TimestampTokens.IsEmpty)),
        ];
    }

    /// <summary>The IMA signature of a file, its signer looked for among certificates; none when there is no signature.</summary>
    public static ImmutableArray<FoundSignature> OfIma(string path, Layout file, ImmutableArray<X509Certificate2> known, RunContext context)
    {
        if (ImaCheck.Find(path) is not { } found)
            return [];
        ImaSignature signature = ImaSignature.Decode(found.Value);
        X509Certificate2? signer = known.FirstOrDefault(c => ImaCheck.KeyIdOf(c) == signature.KeyId);
        bool holds = signer is not null && ImaCheck.Judge(path, file, known, context).Answer == Answer.Accepts;
        return [new(Name(signature.Hash), signer, holds, false)];
    }

    private static string Name(HashAlgorithmName hash) => hash.Name!.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
}
