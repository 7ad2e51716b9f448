using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys.Pem;

/// <summary>
/// Reads private keys from files: PKCS#8 (plain or encrypted), PKCS#1 RSA and SEC 1 EC, in PEM, in OpenSSL's old encrypted PEM or in DER;
/// and PKCS#12.
/// </summary>
internal static class PemKeyFile
{
    private const int MaxLength = 1 << 16;

    public static IUncheckedKey Read(string path, PinSources pins, PinOptions pin)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(MaxLength, pinned: true);
        char[] text = GC.AllocateUninitializedArray<char>(MaxLength, pinned: true);
        try
        {
            int count = Fill(path, bytes);
            if (bytes[0] == 0x30)
                return FromDer(path, bytes.AsMemory(0, count), pins, pin);
            // Editors on Windows put a byte order mark in front.
            int start = bytes.AsSpan(0, count).StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
            int length = Encoding.Latin1.GetChars(bytes, start, count - start, text, 0);
            return Decode(path, text.AsSpan(0, length), pins, pin);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(text);
        }
    }

    private static int Fill(string path, byte[] bytes)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length < bytes.Length ? length : throw KeyErrors.KeyFileUnreadable.With(path, $"it is longer than {MaxLength} bytes");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.KeyFileUnreadable.Because(cause, path, FileFault.Of(cause));
        }
    }

    private static IUncheckedKey Decode(string path, ReadOnlySpan<char> text, PinSources pins, PinOptions pin)
    {
        if (LegacyPem.Is(text))
            return FromLegacy(path, text, pins, pin);
        (string Label, Range Base64, int Length)? found = null;
        int count = 0;
        for (int at = 0; PemEncoding.TryFind(text[at..], out PemFields fields);)
        {
            ReadOnlySpan<char> here = text[at..];
            if (here[fields.Label].EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                (int offset, int length) = fields.Base64Data.GetOffsetAndLength(here.Length);
                found = (here[fields.Label].ToString(), new Range(at + offset, at + offset + length), fields.DecodedDataLength);
                count++;
            }
            at += fields.Location.End.GetOffset(here.Length);
        }
        if (count != 1 || found is not { } key)
            throw KeyErrors.KeyFileWithoutKey.With(path, count, "");
        byte[] der = GC.AllocateUninitializedArray<byte>(key.Length, pinned: true);
        try
        {
            if (!Convert.TryFromBase64Chars(text[key.Base64], der, out _))
                throw KeyErrors.KeyFileBroken.With(path);
            return Import(path, key.Label, der, pins, pin);
        }
        catch (CryptographicException cause)
        {
            throw KeyErrors.KeyFileBroken.Because(cause, path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static IUncheckedKey FromLegacy(string path, ReadOnlySpan<char> text, PinSources pins, PinOptions pin)
    {
        try
        {
            if (LegacyPem.Find(text) is not { } block)
                throw KeyErrors.KeyFileBroken.With(path);
            using Pin phrase = pins.Obtain(uri: null, pin, $"key file '{path}'");
            byte[] der = Opened(path, block.Data, block.Cipher, block.Vector, phrase);
            try
            {
                return Import(path, block.Label, der, pins, pin);
            }
            // One wrong pass phrase in 256 leaves a sound padding.
            catch (CryptographicException cause)
            {
                throw KeyErrors.KeyFileLocked.Because(cause, path, phrase.Origin);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(der);
            }
        }
        catch (FormatException cause)
        {
            throw KeyErrors.KeyFileBroken.Because(cause, path);
        }
    }

    private static byte[] Opened(string path, byte[] data, string cipher, byte[] vector, Pin phrase)
    {
        try
        {
            return LegacyPem.Decrypt(data, cipher, vector, phrase)
                ?? throw KeyErrors.KeyFileWithoutKey.With(path, 0, $" (it is encrypted in OpenSSL's old form with {cipher})");
        }
        catch (CryptographicException cause)
        {
            throw KeyErrors.KeyFileLocked.Because(cause, path, phrase.Origin);
        }
    }

    private static IUncheckedKey FromDer(string path, ReadOnlyMemory<byte> der, PinSources pins, PinOptions pin)
    {
        if (Pkcs12File.Is(der.Span))
        {
            using Pin phrase = pins.Obtain(uri: null, pin, $"key file '{path}'");
            return FromPkcs8(path, Pkcs12File.Key(path, der, phrase));
        }
        byte[] copy = der.ToArray();
        try
        {
            return Import(path, LabelOf(der) ?? throw KeyErrors.KeyFileBroken.With(path), copy, pins, pin);
        }
        catch (Exception cause) when (cause is CryptographicException or AsnContentException)
        {
            throw KeyErrors.KeyFileBroken.Because(cause, path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    // What PEM would say in its first line. PKCS#8 goes on with an algorithm behind its version, PKCS#1 with a number, SEC 1 with octets;
    // the encrypted form begins with an algorithm.
    private static string? LabelOf(ReadOnlyMemory<byte> der)
    {
        try
        {
            AsnReader key = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
            if (key.PeekTag() == Asn1Tag.Sequence)
                return "ENCRYPTED PRIVATE KEY";
            key.ReadInteger();
            Asn1Tag next = key.PeekTag();
            return next == Asn1Tag.Sequence ? "PRIVATE KEY"
                : next == Asn1Tag.Integer ? "RSA PRIVATE KEY"
                : next == Asn1Tag.PrimitiveOctetString ? "EC PRIVATE KEY"
                : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static IUncheckedKey Import(string path, string label, byte[] der, PinSources pins, PinOptions pin)
    {
        switch (label)
        {
            case "RSA PRIVATE KEY":
                var rsa = RSA.Create();
                rsa.ImportRSAPrivateKey(der, out _);
                return Named(path, rsa);
            case "EC PRIVATE KEY":
                var ecdsa = ECDsa.Create();
                ecdsa.ImportECPrivateKey(der, out _);
                return Named(path, ecdsa);
            case "PRIVATE KEY":
                return FromPkcs8(path, Pkcs8PrivateKeyInfo.Decode(der, out _));
            case "ENCRYPTED PRIVATE KEY":
                using (Pin phrase = pins.Obtain(uri: null, pin, $"key file '{path}'"))
                    return FromPkcs8(path, Decrypted(path, der, phrase));
            default:
                throw KeyErrors.KeyFileWithoutKey.With(path, 0, $" (it holds {label})");
        }
    }

    private static Pkcs8PrivateKeyInfo Decrypted(string path, byte[] der, Pin phrase)
    {
        try
        {
            return Pkcs8PrivateKeyInfo.DecryptAndDecode(phrase.Bytes, der, out _);
        }
        catch (CryptographicException cause)
        {
            throw KeyErrors.KeyFileLocked.Because(cause, path, phrase.Origin);
        }
    }

    private static IUncheckedKey FromPkcs8(string path, Pkcs8PrivateKeyInfo info)
    {
        byte[] der = info.Encode();
        try
        {
            switch (info.AlgorithmId.Value)
            {
                case "1.2.840.113549.1.1.1":
                    var rsa = RSA.Create();
                    rsa.ImportPkcs8PrivateKey(der, out _);
                    return Named(path, rsa);
                case "1.2.840.10045.2.1":
                    var ecdsa = ECDsa.Create();
                    ecdsa.ImportPkcs8PrivateKey(der, out _);
                    return Named(path, ecdsa);
                case { } oid when MlDsaSet.Of(oid) is { } set:
                    return PemMlDsaKey.Import(der, set, path, Name(path));
                default:
                    throw KeyErrors.KeyUnsupported.With($"in '{path}'", $"of the algorithm {info.AlgorithmId.Value}");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static PemKey Named(string path, AsymmetricAlgorithm key) => new(key, Name(path));

    private static string Name(string path) => $"file '{path}'";
}
