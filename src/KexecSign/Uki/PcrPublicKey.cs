using System.Security.Cryptography;
using System.Text;

namespace KexecSign.Uki;

/// <summary>The public key in .pcrpkey, by which systemd finds the signatures that are for it.</summary>
internal static class PcrPublicKey
{
    /// <summary>PEM of a SubjectPublicKeyInfo, as OpenSSL writes it.</summary>
    public static byte[] Pem(ReadOnlySpan<byte> der) => Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", der) + "\n");

    /// <summary>The DER in a PEM text, zeros behind it left out; null when there is no public key in it.</summary>
    public static byte[]? Der(ReadOnlySpan<byte> pem)
    {
        string text = Encoding.UTF8.GetString(pem).TrimEnd('\0');
        if (!PemEncoding.TryFind(text, out PemFields fields) || !text.AsSpan()[fields.Label].SequenceEqual("PUBLIC KEY"))
            return null;
        byte[] der = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(text.AsSpan()[fields.Base64Data], der, out int length) ? der[..length] : null;
    }

    /// <summary>
    /// What .pcrsig calls the key by, lower-case hex: SHA-256 of the key as PKCS#1 has it (OpenSSL's i2d_PublicKey), not of the
    /// SubjectPublicKeyInfo. Empty when it is no RSA key.
    /// </summary>
    public static string Fingerprint(ReadOnlySpan<byte> der)
    {
        using var rsa = RSA.Create();
        try
        {
            rsa.ImportSubjectPublicKeyInfo(der, out _);
            return Convert.ToHexStringLower(SHA256.HashData(rsa.ExportRSAPublicKey()));
        }
        catch (CryptographicException)
        {
            return "";
        }
    }

    /// <summary>
    /// Whether a signature over a policy, with what it is bound to, holds. systemd checks with SHA-256 whatever the bank; its own
    /// systemd-measure signed with the bank's hash before version 258.
    /// </summary>
    public static bool Holds(ReadOnlySpan<byte> der, ReadOnlySpan<byte> bound, ReadOnlySpan<byte> signature)
    {
        using var rsa = RSA.Create();
        try
        {
            rsa.ImportSubjectPublicKeyInfo(der, out _);
            return rsa.VerifyData(bound, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
