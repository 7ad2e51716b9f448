using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Keys.Certificates;

/// <summary>
/// The identifier by which the kernel finds a certificate. IMA stores its last 4 bytes with each signature
/// (security/integrity/digsig_asymmetric.c looks for a key whose id ends with them).
/// </summary>
public static class SubjectKeyIdentifier
{
    /// <summary>
    /// The extension's bytes, or, when it is missing, SHA-1 over the public key's bits (RFC 5280 section 4.2.1.2, method 1), by which
    /// people and tools name a key. The kernel computes none.
    /// </summary>
    [SuppressMessage("Security", "CA5350", Justification = "An identifier fixed by RFC 5280, no protection.")]
    public static byte[] Of(X509Certificate2 certificate) =>
        InCertificate(certificate) ?? SHA1.HashData(certificate.PublicKey.EncodedKeyValue.RawData);

    /// <summary>
    /// The extension's bytes; null when it is missing: then no kernel has an id for the key (Linux x509_cert_parser.c,
    /// x509_process_extension()).
    /// </summary>
    public static byte[]? InCertificate(X509Certificate2 certificate)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension is X509SubjectKeyIdentifierExtension identifier)
                return identifier.SubjectKeyIdentifierBytes.ToArray();
        }
        return null;
    }
}
