using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys.Certificates;

/// <summary>Certificates in files: PEM with the signer first and its chain behind, or one in DER. (PKCS#12 is for keys: its certificates are encrypted.)</summary>
internal static class CertificateFile
{
    private const long MaxLength = 1 << 20;
    private const string PemMark = "-----BEGIN CERTIFICATE-----";

    public static IReadOnlyList<X509Certificate2> Read(string path)
    {
        byte[] bytes = Bytes(path);
        try
        {
            if (bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(PemMark)) < 0)
                return [X509CertificateLoader.LoadCertificate(bytes)];
            var all = new X509Certificate2Collection();
            all.ImportFromPem(Encoding.ASCII.GetString(bytes));
            return [.. all];
        }
        catch (CryptographicException cause)
        {
            throw KeyErrors.CertificateMalformed.Because(cause, path);
        }
    }

    private static byte[] Bytes(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxLength)
                throw KeyErrors.CertificateUnreadable.With(path, $"its {length} bytes are more than the {MaxLength} that a certificate chain may take");
            return File.ReadAllBytes(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.CertificateUnreadable.Because(cause, path, FileFault.Of(cause));
        }
    }
}
