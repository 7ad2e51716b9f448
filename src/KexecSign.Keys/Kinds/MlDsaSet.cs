using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Keys.Kinds;

/// <summary>A parameter set of ML-DSA (FIPS 204, table 2); lengths in bytes.</summary>
/// <param name="Number">44, 65 or 87.</param>
/// <param name="Oid">Object identifier of key and signature (RFC 9881).</param>
/// <param name="PublicKeyLength">Of the key as FIPS 204 encodes it.</param>
/// <param name="SignatureLength">Of a signature.</param>
/// <param name="Parameters">CK_ML_DSA_PARAMETER_SET_TYPE of PKCS#11 3.2.</param>
/// <param name="Algorithm">The same in the base class library's words.</param>
internal sealed record MlDsaSet(int Number, string Oid, int PublicKeyLength, int SignatureLength, nuint Parameters,
    MLDsaAlgorithm Algorithm)
{
    /// <summary>The three.</summary>
    public static ImmutableArray<MlDsaSet> All { get; } =
    [
        new(44, Oids.MlDsa44, 1312, 2420, 1, MLDsaAlgorithm.MLDsa44),
        new(65, Oids.MlDsa65, 1952, 3309, 2, MLDsaAlgorithm.MLDsa65),
        new(87, Oids.MlDsa87, 2592, 4627, 3, MLDsaAlgorithm.MLDsa87),
    ];

    /// <summary>For instance <c>ML-DSA-65</c>.</summary>
    public string Name => $"ML-DSA-{Number}";

    public static MlDsaSet? Of(string? oid) => All.FirstOrDefault(set => set.Oid == oid);

    public static MlDsaSet Of(MLDsaAlgorithm algorithm) => All.First(set => set.Name == algorithm.Name);

    public static MlDsaSet Of(int number) => All.First(set => set.Number == number);

    /// <summary>
    /// SubjectPublicKeyInfo of a public key as FIPS 204 encodes it (RFC 9881 section 4: no parameters, the bytes as they are).
    /// </summary>
    public byte[] SubjectPublicKeyInfo(ReadOnlySpan<byte> publicKey)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(Oid);
            writer.WriteBitString(publicKey);
        }
        return writer.Encode();
    }
}
