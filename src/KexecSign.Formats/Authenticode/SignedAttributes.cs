using System.Formats.Asn1;
using System.Security.Cryptography;

namespace KexecSign.Formats.Authenticode;

/// <summary>
/// The signed attributes of an Authenticode SignerInfo: contentType, messageDigest and SpcSpOpusInfo, and signingTime only
/// when asked for, because a time makes two signatures of the same file differ and no consumer needs it.
/// </summary>
public sealed class SignedAttributes
{
    private readonly byte[] _set;

    private SignedAttributes(byte[] set) => _set = set;

    /// <summary>DER of the attributes as a SET (tag 0x31): exactly the bytes whose hash is signed.</summary>
    public ReadOnlyMemory<byte> Der => _set;

    /// <summary>Makes the attributes for a SpcIndirectDataContent.</summary>
    /// <param name="indirectData">DER of the content's SEQUENCE.</param>
    /// <param name="hash">Digest algorithm of the SignerInfo.</param>
    /// <param name="programName">Text of SpcSpOpusInfo, ASCII.</param>
    /// <param name="signingTime">Written as UTCTime when given; whole seconds.</param>
    public static SignedAttributes For(
        ReadOnlyMemory<byte> indirectData, HashAlgorithmName hash, string programName, DateTimeOffset? signingTime = null)
    {
        byte[] messageDigest = CryptographicOperations.HashData(hash, SpcIndirectData.HashedOctets(indirectData).Span);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf())
        {
            WriteAttribute(writer, Oids.ContentType, w => w.WriteObjectIdentifier(Oids.SpcIndirectData));
            WriteAttribute(writer, Oids.SpcSpOpusInfo, w => WriteOpusInfo(w, programName));
            if (signingTime is { } time)
                WriteAttribute(writer, Oids.SigningTime, w => w.WriteUtcTime(time));
            WriteAttribute(writer, Oids.MessageDigest, w => w.WriteOctetString(messageDigest));
        }
        return new(writer.Encode());
    }

    /// <summary>The hash that the key signs.</summary>
    public byte[] Hash(HashAlgorithmName hash) => CryptographicOperations.HashData(hash, _set);

    /// <summary>The attributes as they stand in the SignerInfo: the same bytes under [0] IMPLICIT.</summary>
    internal byte[] AsImplicit()
    {
        byte[] bytes = [.. _set];
        bytes[0] = 0xA0;
        return bytes;
    }

    // SEQUENCE { programName [0] { ascii [1] IA5String } }: the short form of the text, one byte a character.
    private static void WriteOpusInfo(AsnWriter writer, string programName)
    {
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)))
            writer.WriteCharacterString(UniversalTagNumber.IA5String, programName, new Asn1Tag(TagClass.ContextSpecific, 1));
    }

    private static void WriteAttribute(AsnWriter writer, string oid, Action<AsnWriter> value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushSetOf())
                value(writer);
        }
    }
}
