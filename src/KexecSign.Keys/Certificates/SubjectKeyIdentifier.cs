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
    /// <summary>The extension's bytes, or, when it is missing, SHA-1 over the public key's bits (RFC 5280 section 4.2.1.2, method 1), as the kernel does.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "An identifier fixed by RFC 5280, no protection.")]
    public static byte[] Of(X509Certificate2 certificate)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension is X509SubjectKeyIdentifierExtension identifier)
                return identifier.SubjectKeyIdentifierBytes.ToArray();
        }
        return SHA1.HashData(certificate.PublicKey.EncodedKeyValue.RawData);
    }
}
