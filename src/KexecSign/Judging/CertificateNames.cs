using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Judging;

/// <summary>How a certificate is told to people.</summary>
internal static class CertificateNames
{
    /// <summary>Its subject; where it has none, its serial number and fingerprint, since an empty name tells nothing.</summary>
    public static string Of(X509Certificate2 certificate) => certificate.Subject.Length != 0
        ? certificate.Subject
        : $"a certificate without subject, serial number {certificate.SerialNumber.ToLowerInvariant()}, SHA-256 "
            + $"{certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()}";
}
