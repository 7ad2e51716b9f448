using System.Security.Cryptography;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// The DigestInfo of RFC 8017 section 9.2 (note 1): CKM_RSA_PKCS pads what it is given and knows nothing of hashes.
/// </summary>
internal static class DigestInfo
{
    private static ReadOnlySpan<byte> Sha256 => [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

    private static ReadOnlySpan<byte> Sha384 => [0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30];

    private static ReadOnlySpan<byte> Sha512 => [0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40];

    /// <param name="hash">A hash whose length was checked against <paramref name="algorithm"/>.</param>
    /// <param name="algorithm">SHA-256, SHA-384 or SHA-512.</param>
    public static byte[] Of(ReadOnlySpan<byte> hash, HashAlgorithmName algorithm)
    {
        ReadOnlySpan<byte> prefix = algorithm.Name switch { "SHA384" => Sha384, "SHA512" => Sha512, _ => Sha256 };
        return [.. prefix, .. hash];
    }
}
