using System.Security.Cryptography;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys.Pem;

/// <summary>
/// The encryption of OpenSSL's old PEM form, which 'openssl genrsa -aes256' of OpenSSL 1.x wrote: "Proc-Type: 4,ENCRYPTED" and
/// "DEK-Info: CIPHER,IV" in front of the base64 (RFC 1421 section 4.6); the key is EVP_BytesToKey's, MD5 over pass phrase and the IV's
/// first 8 bytes, once.
/// </summary>
internal static class LegacyPem
{
    private const string Mark = "Proc-Type: 4,ENCRYPTED", Info = "DEK-Info: ";
    private const int SaltLength = 8;

    /// <summary>Whether a block of PEM is of that form.</summary>
    public static bool Is(ReadOnlySpan<char> block) => block.Contains(Mark, StringComparison.Ordinal);

    /// <summary>Label and ciphertext of the one such block of a private key; null when it is not of that form.</summary>
    public static (string Label, byte[] Data, string Cipher, byte[] Vector)? Find(ReadOnlySpan<char> text)
    {
        int begin = text.IndexOf("-----BEGIN ", StringComparison.Ordinal), mark = text.IndexOf(Mark, StringComparison.Ordinal);
        if (begin < 0 || mark < 0)
            return null;
        // The block that the mark is in.
        begin = text[..mark].LastIndexOf("-----BEGIN ", StringComparison.Ordinal);
        int label = begin + "-----BEGIN ".Length, info = text[mark..].IndexOf(Info, StringComparison.Ordinal);
        int end = text[mark..].IndexOf("-----END ", StringComparison.Ordinal), dashes = begin < 0
            ? -1
            : text[label..].IndexOf("-----", StringComparison.Ordinal);
        if (begin < 0 || info < 0 || end < info || dashes < 0)
            return null;
        ReadOnlySpan<char> line = text[(mark + info + Info.Length)..(mark + end)];
        int stop = line.IndexOf('\n');
        if (stop < 0 || line[..stop].IndexOf(',') is not (> 0 and int comma))
            return null;
        byte[] data = Convert.FromBase64String(line[(stop + 1)..].ToString());
        return (text.Slice(label, dashes).ToString(), data, line[..comma].ToString(),
            Convert.FromHexString(line[(comma + 1)..stop].Trim()));
    }

    /// <summary>The key's DER; null for a cipher that is not known here.</summary>
    /// <exception cref="CryptographicException">The pass phrase is wrong, as far as the padding tells.</exception>
    public static byte[]? Decrypt(byte[] data, string cipher, byte[] vector, Pin phrase)
    {
        (SymmetricAlgorithm? made, int length) = cipher switch
        {
            "AES-128-CBC" => ((SymmetricAlgorithm)Aes.Create(), 16),
            "AES-192-CBC" => (Aes.Create(), 24),
            "AES-256-CBC" => (Aes.Create(), 32),
            "DES-EDE3-CBC" => (Weak(), 24),
            _ => (null, 0),
        };
        if (made is null || vector.Length < SaltLength)
            return null;
        using SymmetricAlgorithm algorithm = made;
        byte[] key = Key(phrase.Bytes, vector.AsSpan(0, SaltLength), length);
        try
        {
            algorithm.Key = key;
            return algorithm.DecryptCbc(data, vector);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

#pragma warning disable CA5350, CA5351 // What old files were written with; new ones are PKCS#8.
    private static TripleDES Weak() => TripleDES.Create();

    private static byte[] Key(ReadOnlySpan<byte> phrase, ReadOnlySpan<byte> salt, int length)
    {
        byte[] key = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        Span<byte> block = stackalloc byte[MD5.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        for (int at = 0; at < length; at += block.Length)
        {
            if (at > 0)
                hash.AppendData(block);
            hash.AppendData(phrase);
            hash.AppendData(salt);
            hash.GetHashAndReset(block);
            block[..Math.Min(block.Length, length - at)].CopyTo(key.AsSpan(at));
        }
        CryptographicOperations.ZeroMemory(block);
        return key;
    }
#pragma warning restore CA5350, CA5351
}
