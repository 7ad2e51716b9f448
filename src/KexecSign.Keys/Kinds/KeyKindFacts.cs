using System.Collections.Immutable;

namespace KexecSign.Keys.Kinds;

/// <summary>What is known of a kind of key: the one table that profiles, policies, schemas, readers and tokens ask.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Word">Its name in profiles, policies and reports.</param>
/// <param name="Algorithm">RSA, ECDSA or ML-DSA.</param>
/// <param name="Bits">Modulus length, field size, or the number of ML-DSA's parameter set.</param>
/// <param name="Curve">Object identifier of the curve; null for all but ECDSA.</param>
public sealed record KeyKindFacts(KeyKind Kind, string Word, KeyAlgorithm Algorithm, int Bits, string? Curve = null)
{
    /// <summary>All kinds, in the order in which they are listed for people.</summary>
    public static ImmutableArray<KeyKindFacts> All { get; } =
    [
        new(KeyKind.Rsa2048, "rsa2048", KeyAlgorithm.Rsa, 2048),
        new(KeyKind.Rsa3072, "rsa3072", KeyAlgorithm.Rsa, 3072),
        new(KeyKind.Rsa4096, "rsa4096", KeyAlgorithm.Rsa, 4096),
        new(KeyKind.P256, "p256", KeyAlgorithm.Ecdsa, 256, "1.2.840.10045.3.1.7"),
        new(KeyKind.P384, "p384", KeyAlgorithm.Ecdsa, 384, "1.3.132.0.34"),
        new(KeyKind.P521, "p521", KeyAlgorithm.Ecdsa, 521, "1.3.132.0.35"),
        new(KeyKind.Mldsa44, "mldsa44", KeyAlgorithm.MlDsa, 44),
        new(KeyKind.Mldsa65, "mldsa65", KeyAlgorithm.MlDsa, 65),
        new(KeyKind.Mldsa87, "mldsa87", KeyAlgorithm.MlDsa, 87),
    ];

    /// <summary>The words of all kinds.</summary>
    public static ImmutableArray<string> Words { get; } = [.. All.Select(facts => facts.Word)];

    /// <summary>Of a kind.</summary>
    public static KeyKindFacts Of(KeyKind kind) => All.First(facts => facts.Kind == kind);

    /// <summary>Of a key by its algorithm and size; null when it is of no kind that kernels or firmware take.</summary>
    public static KeyKindFacts? Of(KeyAlgorithm algorithm, int bits) =>
        All.FirstOrDefault(facts => facts.Algorithm == algorithm && facts.Bits == bits);
}
