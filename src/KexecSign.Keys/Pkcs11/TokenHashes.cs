using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// The hashes that a token's mechanisms name: CKM_ECDSA_SHA256 says that it signs SHA-256 by itself, and nothing of what CKM_ECDSA takes.
/// Many tokens take more than they name (SoftHSM names none for ECDSA), so nothing is refused by this; but a module that passes the hash
/// on to a server under the hash's name takes those alone, and by their length or DigestInfo it finds out which.
/// </summary>
internal static class TokenHashes
{
    private static readonly ImmutableArray<(nuint Mechanism, KeyAlgorithm Algorithm, HashAlgorithmName Hash)> Known =
    [
        (0x40, KeyAlgorithm.Rsa, HashAlgorithmName.SHA256),
        (0x41, KeyAlgorithm.Rsa, HashAlgorithmName.SHA384),
        (0x42, KeyAlgorithm.Rsa, HashAlgorithmName.SHA512),
        (0x60, KeyAlgorithm.Rsa, HashAlgorithmName.SHA3_256),
        (0x61, KeyAlgorithm.Rsa, HashAlgorithmName.SHA3_384),
        (0x62, KeyAlgorithm.Rsa, HashAlgorithmName.SHA3_512),
        (0x1044, KeyAlgorithm.Ecdsa, HashAlgorithmName.SHA256),
        (0x1045, KeyAlgorithm.Ecdsa, HashAlgorithmName.SHA384),
        (0x1046, KeyAlgorithm.Ecdsa, HashAlgorithmName.SHA512),
        (0x1048, KeyAlgorithm.Ecdsa, HashAlgorithmName.SHA3_256),
        (0x1049, KeyAlgorithm.Ecdsa, HashAlgorithmName.SHA3_384),
        (0x104A, KeyAlgorithm.Ecdsa, HashAlgorithmName.SHA3_512),
    ];

    /// <summary>Those that the mechanisms for an algorithm name, weakest first; empty when they name none.</summary>
    public static ImmutableArray<HashAlgorithmName> Named(Cryptoki calls, nuint slot, KeyAlgorithm algorithm)
    {
        nuint[] offered = calls.Mechanisms(slot);
        return [.. Known.Where(known => known.Algorithm == algorithm && offered.Contains(known.Mechanism)).Select(known => known.Hash)];
    }

    /// <summary>
    /// The hash to sign with when nobody said one: the usual one, except where the token names others and not this one. Then it is the
    /// first of SHA-2 that is longer; never a shorter one, which would be weaker than the key without anybody having asked for that.
    /// </summary>
    /// <returns>Null for the usual one.</returns>
    public static HashAlgorithmName? Instead(ImmutableArray<HashAlgorithmName> named, HashAlgorithmName usual)
    {
        if (named.IsEmpty || named.Contains(usual))
            return null;
        int length = HashKind.Of(usual).Length;
        foreach (HashAlgorithmName candidate in (ReadOnlySpan<HashAlgorithmName>)[HashAlgorithmName.SHA384, HashAlgorithmName.SHA512])
        {
            if (named.Contains(candidate) && HashKind.Of(candidate).Length > length)
                return candidate;
        }
        return null;
    }

    /// <summary>For a message.</summary>
    public static string Told(ImmutableArray<HashAlgorithmName> named) => named.IsEmpty
        ? "its mechanisms name no hash"
        : $"the hashes that its mechanisms name are {string.Join(", ", named.Select(hash => HashKind.Of(hash).Word))}";
}
