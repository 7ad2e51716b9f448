using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys.Certificates;

/// <summary>Certificates in files: PEM with the signer first and its chain behind, or one in DER. (PKCS#12 is for keys: its certificates are encrypted.)</summary>
internal static class CertificateFile
{
    private const int MaxLength = 1 << 20, FirstGuess = 1 << 14;
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
        // Read to the end and not as far as a length says: pipes and devices say none.
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[FirstGuess];
            int length = 0;
            for (int count; (count = file.Read(bytes.AsSpan(length))) > 0;)
            {
                length += count;
                if (length > MaxLength)
                    throw KeyErrors.CertificateUnreadable.With(path, $"it is longer than the {MaxLength} bytes that a certificate chain may take");
                if (length == bytes.Length)
                    Array.Resize(ref bytes, Math.Min(2 * length, MaxLength + 1));
            }
            return bytes.AsSpan(0, length).ToArray();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw KeyErrors.CertificateUnreadable.Because(cause, path, FileFault.Of(cause));
        }
    }
}
