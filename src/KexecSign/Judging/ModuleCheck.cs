using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Certificates;
using KexecSign.Modules;

namespace KexecSign.Judging;

/// <summary>What the kernel does with an appended signature (kernel/module/signing.c, verify_pkcs7_signature()).</summary>
internal static class ModuleCheck
{
    /// <summary>Checks a signature and gives the content's digest and the certificate by which it holds.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1423, KS4141-KS4143.</exception>
    public static (byte[] Digest, HashAlgorithmName Hash, X509Certificate2 Signer) Require(
        ModuleFile module, IReadOnlyCollection<X509Certificate2> trusted, IRunStep step, CancellationToken cancellation) =>
        Require(module.Content, module.Existing ?? throw VerifyErrors.NotAppended.With(), trusted, step, cancellation);

    /// <summary>The same for a file without compression around it.</summary>
    /// <param name="content">What stands in front of the signature.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="trusted">Certificates of the keyring.</param>
    /// <param name="step">Told of the progress.</param>
    /// <param name="cancellation">Stops between two chunks.</param>
    public static (byte[] Digest, HashAlgorithmName Hash, X509Certificate2 Signer) Require(
        Layout content, AppendedSignature signature, IReadOnlyCollection<X509Certificate2> trusted, IRunStep step,
            CancellationToken cancellation)
    {
        ImmutableArray<DetachedSigner> signers = DetachedSignedData.Decode(signature.SignedData);
        foreach (DetachedSigner signer in signers)
        {
            if (trusted.FirstOrDefault(signer.Name.Names) is not { } certificate)
                continue;
            byte[] digest = ContentPass.Run(content, signer.Hash, null, step, cancellation);
            return Holds(certificate, digest, signer, content)
                ? (digest, signer.Hash, certificate)
                : throw VerifyErrors.AppendedWrong.With(certificate.Subject, signer.Hash.Name, Convert.ToHexStringLower(digest));
        }
        throw VerifyErrors.AppendedKeyUnknown.With(Described(signers[0].Name), trusted.Count);
    }

    private static bool Holds(X509Certificate2 certificate, byte[] digest, DetachedSigner signer, Layout content)
    {
        if (MlDsaCertificate.NameOf(certificate) is { } name)
        {
            return MlDsaCertificate.Holds(certificate, SignedContent.Of(content).Span, signer.Signature.Span)
                ?? throw VerifyErrors.MlDsaNotJudged.With(certificate.Subject, name);
        }
        using RSA? rsa = certificate.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.VerifyHash(digest, signer.Signature.Span, signer.Hash, RSASignaturePadding.Pkcs1);
        using ECDsa? ecdsa = certificate.GetECDsaPublicKey();
        return ecdsa is not null && ecdsa.VerifyHash(digest, signer.Signature.Span, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static string Described(SignerName name) => name.KeyIdentifier.IsEmpty
        ? $"the certificate with issuer and serial number "
            + $"{Convert.ToHexStringLower(name.IssuerAndSerial.Span[^Math.Min(16, name.IssuerAndSerial.Length)..])} (its last bytes)"
        : $"the key identifier {Convert.ToHexStringLower(name.KeyIdentifier.Span)}";
}
