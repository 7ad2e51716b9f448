using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Running;

namespace KexecSign.Modules;

/// <summary>What the kernel does with an appended signature (kernel/module/signing.c, verify_pkcs7_signature()).</summary>
internal static class ModuleCheck
{
    /// <summary>Checks a signature and gives the content's digest and the certificate by which it holds.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1423, KS4141-KS4143.</exception>
    public static (byte[] Digest, HashAlgorithmName Hash, X509Certificate2 Signer) Require(
        ModuleFile module, IReadOnlyCollection<X509Certificate2> trusted, IRunStep step, CancellationToken cancellation)
    {
        if (module.Existing is null)
            throw VerifyErrors.NotAppended.With();
        ImmutableArray<DetachedSigner> signers = DetachedSignedData.Decode(module.Existing.SignedData);
        foreach (DetachedSigner signer in signers)
        {
            if (trusted.FirstOrDefault(signer.Name.Names) is not { } certificate)
                continue;
            byte[] digest = ContentPass.Run(module.Content, signer.Hash, null, step, cancellation);
            return Holds(certificate, digest, signer)
                ? (digest, signer.Hash, certificate)
                : throw VerifyErrors.AppendedWrong.With(certificate.Subject, signer.Hash.Name, Convert.ToHexStringLower(digest));
        }
        throw VerifyErrors.AppendedKeyUnknown.With(Described(signers[0].Name), trusted.Count);
    }

    private static bool Holds(X509Certificate2 certificate, byte[] digest, DetachedSigner signer)
    {
        using RSA? rsa = certificate.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.VerifyHash(digest, signer.Signature.Span, signer.Hash, RSASignaturePadding.Pkcs1);
        using ECDsa? ecdsa = certificate.GetECDsaPublicKey();
        return ecdsa is not null && ecdsa.VerifyHash(digest, signer.Signature.Span, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static string Described(SignerName name) => name.KeyIdentifier.IsEmpty
        ? $"the certificate with issuer and serial number {Convert.ToHexStringLower(name.IssuerAndSerial.Span[^Math.Min(16, name.IssuerAndSerial.Length)..])} (its last bytes)"
        : $"the key identifier {Convert.ToHexStringLower(name.KeyIdentifier.Span)}";
}
