using KexecSign.Formats.Vocabulary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Kinds;

/// <summary>What follows from a public key: its kind, its size, the hash and the signature length that go with it.</summary>
internal sealed record KeyShape(KeyAlgorithm Algorithm, int Bits)
{
    /// <summary>Bytes of the modulus, or of one of the two numbers of an ECDSA signature; ML-DSA has no numbers.</summary>
    public int NumberLength => (Bits + 7) / 8;

    // Of a curve the shortest that it does not cut (RFC 5480 section 4).
    public HashAlgorithmName DefaultHash => Algorithm switch
    {
        KeyAlgorithm.Rsa => HashAlgorithmName.SHA256,
        KeyAlgorithm.Ecdsa => Bits > 384 ? HashAlgorithmName.SHA512 : Bits > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256,
        KeyAlgorithm.MlDsa => HashAlgorithmName.SHA512,
    };

    // SEQUENCE and INTEGER headers take 3 + 2 * 2 bytes at most for these sizes, and each number may need a zero in front.
    public int MaxSignatureSize => Algorithm switch
    {
        KeyAlgorithm.Rsa => NumberLength,
        KeyAlgorithm.MlDsa => MlDsaSet.Of(Bits).SignatureLength,
        KeyAlgorithm.Ecdsa => (2 * (NumberLength + 3)) + 3,
    };

    /// <summary>Reads a SubjectPublicKeyInfo; raises KS2033 for keys that the kernel would not take (crypto/rsa.c, crypto/ecc.c).</summary>
    public static KeyShape Of(ReadOnlySpan<byte> subjectPublicKeyInfo, string displayName)
    {
        try
        {
            PublicKey key = PublicKey.CreateFromSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
            // By its identifier: a token may sign with ML-DSA where the runtime cannot.
            if (MlDsaSet.Of(key.Oid.Value) is { } set)
                return OfMlDsa(set, key, displayName);
            using RSA? rsa = key.GetRSAPublicKey();
            if (rsa is not null)
                return Supported(new KeyShape(KeyAlgorithm.Rsa, rsa.KeySize), "RSA of", displayName);
            using ECDsa? ecdsa = key.GetECDsaPublicKey();
            if (ecdsa is not null)
                return Supported(new KeyShape(KeyAlgorithm.Ecdsa, ecdsa.KeySize), "ECDSA of", displayName);
            throw KeyErrors.KeyUnsupported.With(displayName, OtherKind(key.Oid.Value));
        }
        catch (CryptographicException cause)
        {
            throw KeyErrors.KeyUnsupported.Because(cause, displayName, "of a kind that cannot be decoded");
        }
    }

    /// <summary>Raises KS2036 unless the hash is one that may be signed, and has its length.</summary>
    public static void RequireHash(ReadOnlySpan<byte> hash, HashAlgorithmName algorithm)
    {
        HashKind? known = HashKind.All.FirstOrDefault(candidate => candidate.Name == algorithm);
        if (known is null || known.Uses == HashUses.None || hash.Length != known.Length)
            throw KeyErrors.HashUnfit.With(algorithm.Name, hash.Length);
    }

    private static string OtherKind(string? oid) => oid switch
    {
        "1.2.840.113549.1.1.10" => "for RSASSA-PSS alone",
        _ => $"of the algorithm {oid}",
    };

    private static KeyShape OfMlDsa(MlDsaSet set, PublicKey key, string displayName)
    {
        int length = key.EncodedKeyValue.RawData.Length;
        return length == set.PublicKeyLength
            ? new KeyShape(KeyAlgorithm.MlDsa, set.Number)
            : throw KeyErrors.KeyUnsupported.With(displayName, $"{set.Name} with {length} bytes where {set.PublicKeyLength} are right");
    }

    private static KeyShape Supported(KeyShape shape, string kind, string displayName) =>
        KeyKindFacts.Of(shape.Algorithm, shape.Bits) is not null
            ? shape
            : throw KeyErrors.KeyUnsupported.With(displayName, $"{kind} {shape.Bits} bits");
}
