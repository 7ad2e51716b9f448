using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Certificates;

namespace KexecSign.Judging;

/// <summary>What IMA appraisal does with a file and its signature (security/integrity/digsig_asymmetric.c).</summary>
internal static class ImaCheck
{
    /// <summary>Finds a file's signature: the sidecar first, because it says what the build meant, then the xattrs.</summary>
    public static (byte[] Value, string Source)? Find(string path)
    {
        string sidecar = path + ".sig";
        if (File.Exists(sidecar))
            return (ReadSidecar(sidecar), "the sidecar");
        foreach (string name in (ReadOnlySpan<string>)["security.ima", "user.ima"])
        {
            if (ExtendedAttribute.TryGet(path, name) is { Length: > 0 } value && value[0] is ImaSignature.Digsig
                or ImaSignature.VerityDigsig)
                return (value, name);
        }
        return null;
    }

    /// <summary>The same where one place alone is looked at: <c>sidecar</c>, <c>security</c> or <c>user</c>; null for all.</summary>
    public static (byte[] Value, string Source)? Find(string path, string? place) => place switch
    {
        null => Find(path),
        "sidecar" => File.Exists(path + ".sig") ? (ReadSidecar(path + ".sig"), "the sidecar") : null,
        _ => ExtendedAttribute.TryGet(path, place + ".ima") is { Length: > 0 } value ? (value, place + ".ima") : null,
    };

    /// <summary>Reads a sidecar.</summary>
    public static byte[] ReadSidecar(string path)
    {
        using FileSource source = FileSource.OpenRegular(path);
        return source.ToLayout().ReadBytes(0, Math.Min(source.Length, ushort.MaxValue + 10));
    }

    /// <summary>The verdict on a value, whatever carries it.</summary>
    /// <exception cref="KexecSignException">KS4112, KS4113, KS4144, KS4152, KS4153, KS14xx.</exception>
    public static Verdict Judge(byte[] value, string source, JudgedFile file, ImmutableArray<X509Certificate2> trusted,
        ImaRelease? release, RunContext context)
    {
        if (trusted.IsEmpty)
            return new(Consumer.Ima, Answer.NotDecided, $"{source} is there, but no certificate was given to check it by");
        ImaSignature signature = ImaSignature.Decode(value);
        X509Certificate2 signer = SignerOf(signature, trusted);
        Require(signer, signature, Digest(signature, file.Content, file.Digests, context));
        release?.Require(signature, signer);
        return new(Consumer.Ima, Answer.Accepts,
            $"{source}: key id {signature.KeyId:x8} of {CertificateNames.Of(signer)}, {signature.Hash.Name}"
                + ImaRelease.Since(signature, signer));
    }

    /// <summary>Checks a signature and gives the certificate it holds by.</summary>
    /// <exception cref="KexecSignException">KS1405, KS4112, KS4113, KS4144, KS4152.</exception>
    public static X509Certificate2 Check(
        ImaSignature signature, Layout file, ImmutableArray<X509Certificate2> trusted, IRunStep step, CancellationToken cancellation)
    {
        X509Certificate2 signer = SignerOf(signature, trusted);
        Require(signer, signature, FileDigest.Of(file, signature.Type, signature.Hash, step, cancellation));
        return signer;
    }

    private static void Require(X509Certificate2 signer, ImaSignature signature, byte[] digest)
    {
        if (!Holds(signer, digest, signature))
            throw VerifyErrors.ImaSignatureWrong.With($"{signature.KeyId:x8}", signature.Hash.Name, Convert.ToHexStringLower(digest));
    }

    // fs-verity's digest is one of a tree over the file's blocks and has a read of its own.
    private static byte[] Digest(ImaSignature signature, Layout file, FileDigests digests, RunContext context)
    {
        if (signature.Type != ImaSignature.VerityDigsig)
            return digests.OfWhole(signature.Hash);
        using IRunStep step = context.Log.Step($"hash ({signature.Hash.Name})", file.Length);
        return FileDigest.Of(file, signature.Type, signature.Hash, step, context.Cancellation);
    }

    /// <summary>The certificate whose key id a signature names.</summary>
    /// <exception cref="KexecSignException">KS4112, KS4151.</exception>
    public static X509Certificate2 SignerOf(ImaSignature signature, ImmutableArray<X509Certificate2> trusted)
    {
        if (trusted.FirstOrDefault(c => KeyIdOf(c) == signature.KeyId) is { } signer)
            return signer;
        // Other tools sign by an id that they computed.
        if (trusted.FirstOrDefault(c => KeyIdOf(c) is null
            && ImaSignature.KeyIdOf(SubjectKeyIdentifier.Of(c)) == signature.KeyId) is { } unfound)
            throw VerifyErrors.ImaNoKeyIdentifier.With(CertificateNames.Of(unfound));
        throw VerifyErrors.ImaKeyUnknown.With(
            $"{signature.KeyId:x8}", string.Join(", ",
                trusted.Select(c => KeyIdOf(c) is { } id ? $"{id:x8}" : "none (no SubjectKeyIdentifier)")));
    }

    /// <summary>The id by which a kernel finds a certificate's key; null when it finds it by none.</summary>
    public static uint? KeyIdOf(X509Certificate2 certificate) =>
        SubjectKeyIdentifier.InCertificate(certificate) is { } identifier ? ImaSignature.KeyIdOf(identifier) : null;

    /// <summary>Whether a signature over a file's digest holds by a certificate that it names.</summary>
    /// <exception cref="KexecSignException">KS4144, KS4152.</exception>
    public static bool HoldsBy(X509Certificate2 signer, byte[] digest, ImaSignature signature) =>
        KeyIdOf(signer) == signature.KeyId && Holds(signer, digest, signature);

    private static bool Holds(X509Certificate2 signer, byte[] digest, ImaSignature signature)
    {
        if (MlDsaCertificate.NameOf(signer) is { } name)
            return HoldsByMlDsa(signer, name, digest, signature);
        byte[] hash = ImaSignature.ToBeSigned(signature.Type, signature.Version, signature.Hash, digest);
        using RSA? rsa = signer.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.VerifyHash(hash, signature.Signature.Span, signature.Hash, RSASignaturePadding.Pkcs1);
        using ECDsa? ecdsa = signer.GetECDsaPublicKey();
        return ecdsa is not null && ecdsa.VerifyHash(hash, signature.Signature.Span, DSASignatureFormat.Rfc3279DerSequence);
    }

    // asymmetric_verify_v3_hashless(): over the structure itself; asymmetric_verify_common() has no ML-DSA, whatever the signature is over.
    private static bool HoldsByMlDsa(X509Certificate2 signer, string name, byte[] digest, ImaSignature signature)
    {
        if (signature.Version != 3)
            throw VerifyErrors.ImaMlDsaVersion.With(CertificateNames.Of(signer), name, signature.Version);
        return MlDsaCertificate.Holds(signer, ImaSignature.FileId(signature.Type, signature.Hash, digest), signature.Signature.Span)
            ?? throw VerifyErrors.MlDsaNotJudged.With(signer.Subject, name);
    }
}
