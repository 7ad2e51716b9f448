using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Vocabulary;

/// <summary>
/// A hash algorithm and every name that a format has for it. This table is the only place that knows them: options, plans,
/// policies, schemas and formats ask it. (The consumers' models under Simulation have a list of their own, on purpose.)
/// </summary>
/// <param name="Name">Name in the base class library.</param>
/// <param name="Word">Name in options, plans, policies and reports, lower case.</param>
/// <param name="Oid">Object identifier (NIST CSOR).</param>
/// <param name="Length">Length of a digest in bytes.</param>
/// <param name="RsaOid">PKCS#1 v1.5 with it.</param>
/// <param name="EcdsaOid">ECDSA with it.</param>
/// <param name="Uses">What it may be used for.</param>
public sealed record HashKind(
    HashAlgorithmName Name, string Word, string Oid, int Length, string RsaOid, string EcdsaOid, HashUses Uses)
{
    private const HashUses Everything = HashUses.Image | HashUses.Module | HashUses.Ima | HashUses.General;

    /// <summary>Number in the kernel's enum hash_algo (include/uapi/linux/hash_info.h); null where IMA has no use for it.</summary>
    public byte? ImaId { get; init; }

    /// <summary>TPM_ALG_ID (TCG Algorithm Registry).</summary>
    public required ushort TpmId { get; init; }

    /// <summary>Number in RPM's FILEDIGESTALGO, which is OpenPGP's (RFC 9580 section 9.5); null where RPM has none.</summary>
    public int? RpmId { get; init; }

    /// <summary>All that are known, weakest first.</summary>
    public static ImmutableArray<HashKind> All { get; } =
    [
        // SHA-1 is read, never written.
        new(HashAlgorithmName.SHA1, "sha1", "1.3.14.3.2.26", 20, "1.2.840.113549.1.1.5", "1.2.840.10045.4.1",
            HashUses.None) { TpmId = 0x0004 },
        new(HashAlgorithmName.SHA256, "sha256", "2.16.840.1.101.3.4.2.1", 32, "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2", Everything)
        {
            ImaId = 4, TpmId = 0x000B, RpmId = 8,
        },
        new(HashAlgorithmName.SHA384, "sha384", "2.16.840.1.101.3.4.2.2", 48, "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3", Everything)
        {
            ImaId = 5, TpmId = 0x000C, RpmId = 9,
        },
        new(HashAlgorithmName.SHA512, "sha512", "2.16.840.1.101.3.4.2.3", 64, "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4", Everything)
        {
            ImaId = 6, TpmId = 0x000D, RpmId = 10,
        },
        // Linux takes these since 6.7 (CRYPTO_SHA3); firmware and shim do not, and verify says so.
        new(HashAlgorithmName.SHA3_256, "sha3-256", "2.16.840.1.101.3.4.2.8", 32, "2.16.840.1.101.3.4.3.14", "2.16.840.1.101.3.4.3.10",
            HashUses.Image | HashUses.Module)
        {
            ImaId = 20, TpmId = 0x0027,
        },
        new(HashAlgorithmName.SHA3_384, "sha3-384", "2.16.840.1.101.3.4.2.9", 48, "2.16.840.1.101.3.4.3.15", "2.16.840.1.101.3.4.3.11",
            HashUses.Image | HashUses.Module)
        {
            ImaId = 21, TpmId = 0x0028,
        },
        new(HashAlgorithmName.SHA3_512, "sha3-512", "2.16.840.1.101.3.4.2.10", 64, "2.16.840.1.101.3.4.3.16", "2.16.840.1.101.3.4.3.12",
            HashUses.Image | HashUses.Module)
        {
            ImaId = 22, TpmId = 0x0029,
        },
    ];

    /// <summary>
    /// DER of DigestInfo (RFC 8017 section 9.2) up to the digest: SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING of <see cref="Length"/>
    /// bytes }.
    /// </summary>
    public ReadOnlyMemory<byte> DigestInfoPrefix => _digestInfoPrefix ??= EncodePrefix();

    private byte[]? _digestInfoPrefix;

    /// <summary>Whether it may be used so.</summary>
    public bool IsFor(HashUses use) => (Uses & use) == use && use != HashUses.None;

    /// <summary>The words of those that may be used so, in the table's order.</summary>
    public static ImmutableArray<string> Words(HashUses use)
    {
        // A loop: each start of a command that signs asks, and a native program's first chain of queries makes its type loader.
        var words = ImmutableArray.CreateBuilder<string>(All.Length);
        foreach (HashKind hash in All)
        {
            if (hash.IsFor(use))
                words.Add(hash.Word);
        }
        return words.DrainToImmutable();
    }

    /// <summary>By its word; null when there is none.</summary>
    public static HashKind? Named(string word) => All.FirstOrDefault(hash => hash.Word == word);

    /// <summary>By the base class library's name.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public static HashKind Of(HashAlgorithmName name) =>
        All.FirstOrDefault(hash => hash.Name == name) ?? throw FormatErrors.UnknownDigest.With(name.Name);

    /// <summary>By its object identifier.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public static HashKind OfOid(string oid) => All.FirstOrDefault(hash => hash.Oid == oid) ?? throw FormatErrors.UnknownDigest.With(oid);

    /// <summary>By the identifier of a signature algorithm that has it, RSA or ECDSA; null when there is none.</summary>
    public static HashKind? OfSignature(string oid) => All.FirstOrDefault(hash => hash.RsaOid == oid || hash.EcdsaOid == oid);

    private byte[] EncodePrefix()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oid);
                writer.WriteNull();
            }
            writer.WriteOctetString(new byte[Length]);
        }
        return writer.Encode()[..^Length];
    }
}
