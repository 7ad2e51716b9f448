using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Certificates;

/// <summary>Whether a certificate belongs to a key.</summary>
public static class CertificateMatch
{
    /// <summary>Raises KS2062, naming both public keys, unless <paramref name="certificate"/> is for <paramref name="key"/>.</summary>
    public static void Require(ISigningKey key, X509Certificate2 certificate)
    {
        byte[] certified = Normal(certificate.PublicKey);
        byte[] held = Normal(PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _));
        if (!certified.AsSpan().SequenceEqual(held))
            throw KeyErrors.CertificateUnfit.With(certificate.Subject, Fingerprint(certified), key.DisplayName, Fingerprint(held));
    }

    /// <summary>
    /// The certificates with that of a key in front. Files begin with the signer or with the issuer, and only the key tells which is which.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2062, of the first, when none is for the key.</exception>
    public static IReadOnlyList<X509Certificate2> SignerFirst(ISigningKey key, IReadOnlyList<X509Certificate2> certificates)
    {
        byte[] held = Normal(PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _));
        foreach (X509Certificate2 certificate in certificates)
        {
            if (Normal(certificate.PublicKey).AsSpan().SequenceEqual(held))
                return ReferenceEquals(certificate, certificates[0])
                    ? certificates
                    : [certificate, .. certificates.Where(c => !ReferenceEquals(c, certificate))];
        }
        Require(key, certificates[0]);
        return certificates;
    }

    /// <summary>Whether a certificate is for a public key.</summary>
    internal static bool Is(ReadOnlySpan<byte> subjectPublicKeyInfo, X509Certificate2 certificate) =>
        Normal(PublicKey.CreateFromSubjectPublicKeyInfo(subjectPublicKeyInfo, out _)).AsSpan().SequenceEqual(Normal(certificate.PublicKey));

    // The same key can be written with NULL or absent parameters, with a point compressed or not; written anew by one writer it compares.
    private static byte[] Normal(PublicKey key)
    {
        try
        {
            using RSA? rsa = key.GetRSAPublicKey();
            if (rsa is not null)
                return rsa.ExportSubjectPublicKeyInfo();
            using ECDsa? ecdsa = key.GetECDsaPublicKey();
            return ecdsa?.ExportSubjectPublicKeyInfo() ?? key.ExportSubjectPublicKeyInfo();
        }
        catch (CryptographicException)
        {
            return key.ExportSubjectPublicKeyInfo();
        }
    }

    private static string Fingerprint(byte[] subjectPublicKeyInfo) => Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo));
}
