using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys.Pem;

/// <summary>A PKCS#12 file (.p12, .pfx), read in memory: nothing goes into a store.</summary>
internal static class Pkcs12File
{
    private const int Version = 3;

    /// <summary>Whether DER is a PFX: a SEQUENCE that begins with the version 3, which no key's DER does.</summary>
    public static bool Is(ReadOnlySpan<byte> der)
    {
        try
        {
            System.Formats.Asn1.AsnDecoder.ReadSequence(der, System.Formats.Asn1.AsnEncodingRules.BER, out int at, out _, out _);
            return System.Formats.Asn1.AsnDecoder.ReadInteger(der[at..], System.Formats.Asn1.AsnEncodingRules.BER, out _) == Version;
        }
        catch (System.Formats.Asn1.AsnContentException)
        {
            return false;
        }
    }

    /// <summary>The PKCS#8 of the one private key in it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2051, KS2052, KS2053.</exception>
    public static Pkcs8PrivateKeyInfo Key(string path, ReadOnlyMemory<byte> der, Pin phrase)
    {
        List<Pkcs8PrivateKeyInfo> keys = Open(path, der, phrase);
        return keys is [var key] ? key : throw KeyErrors.KeyFileWithoutKey.With(path, keys.Count, " (it is a PKCS#12 file)");
    }

    private static List<Pkcs8PrivateKeyInfo> Open(string path, ReadOnlyMemory<byte> der, Pin phrase)
    {
        char[] chars = GC.AllocateUninitializedArray<char>(Encoding.UTF8.GetCharCount(phrase.Bytes), pinned: true);
        Encoding.UTF8.GetChars(phrase.Bytes, chars);
        try
        {
            var file = Pkcs12Info.Decode(der, out _, skipCopy: false);
            if (file.IntegrityMode == Pkcs12IntegrityMode.Password && !file.VerifyMac(chars))
                throw KeyErrors.KeyFileLocked.With(path, phrase.Origin);
            var keys = new List<Pkcs8PrivateKeyInfo>();
            foreach (Pkcs12SafeContents contents in file.AuthenticatedSafe)
            {
                if (contents.ConfidentialityMode == Pkcs12ConfidentialityMode.Password)
                    contents.Decrypt(chars);
                foreach (Pkcs12SafeBag bag in contents.GetBags())
                {
                    if (Key(bag, chars) is { } found)
                        keys.Add(found);
                }
            }
            return keys;
        }
        catch (CryptographicException cause)
        {
            throw KeyErrors.KeyFileBroken.Because(cause, path);
        }
        finally
        {
            Array.Clear(chars);
        }
    }

    private static Pkcs8PrivateKeyInfo? Key(Pkcs12SafeBag bag, ReadOnlySpan<char> phrase) => bag switch
    {
        Pkcs12ShroudedKeyBag shrouded => Pkcs8PrivateKeyInfo.DecryptAndDecode(phrase, shrouded.EncryptedPkcs8PrivateKey, out _),
        Pkcs12KeyBag plain => Pkcs8PrivateKeyInfo.Decode(plain.Pkcs8PrivateKey, out _),
        _ => null,
    };
}
