using System.Formats.Asn1;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Authenticode;

/// <summary>
/// The signed attributes of an Authenticode SignerInfo: contentType, messageDigest and SpcSpOpusInfo, and signingTime only
/// when asked for, because a time makes two signatures of the same file differ and no consumer needs it.
/// </summary>
public sealed class SignedAttributes
{
    private readonly byte[] _set;

    private SignedAttributes(byte[] set, byte[] messageDigest)
    {
        _set = set;
        MessageDigest = messageDigest;
    }

    /// <summary>DER of the attributes as a SET (tag 0x31): exactly the bytes whose hash is signed.</summary>
    public ReadOnlyMemory<byte> Der => _set;

    /// <summary>The hash over the content octets of SpcIndirectDataContent that the attributes bind.</summary>
    public ReadOnlyMemory<byte> MessageDigest { get; }

    /// <summary>Takes attributes that were made elsewhere, as pesign exports them.</summary>
    /// <param name="set">DER of the SET; [0] IMPLICIT in its place is taken too.</param>
    /// <exception cref="KexecSignException">KS1511 when they are none, or not for Authenticode.</exception>
    public static SignedAttributes FromDer(ReadOnlyMemory<byte> set)
    {
        byte[] bytes = set.ToArray();
        if (bytes.Length > 0 && bytes[0] == 0xA0)
            bytes[0] = 0x31;
        try
        {
            return new(bytes, RequiredValues(new AsnReader(bytes, AsnEncodingRules.DER)));
        }
        catch (AsnContentException broken)
        {
            throw FormatErrors.NotSignedAttributes.Because(broken, "the DER is broken");
        }
    }

    /// <summary>Makes the attributes for a SpcIndirectDataContent.</summary>
    /// <param name="indirectData">DER of the content's SEQUENCE.</param>
    /// <param name="hash">Digest algorithm of the SignerInfo.</param>
    /// <param name="programName">Text of SpcSpOpusInfo, ASCII.</param>
    /// <param name="signingTime">Written when given, in whole seconds: as UTCTime until 2049, then as GeneralizedTime (RFC 5652
    /// 11.3).</param>
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
                WriteAttribute(writer, Oids.SigningTime, w => WriteTime(w, time));
            WriteAttribute(writer, Oids.MessageDigest, w => w.WriteOctetString(messageDigest));
        }
        return new(writer.Encode(), messageDigest);
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

    // The kernel wants exactly one of each, and contentType to be that of the content (pkcs7_sig_note_authenticated_attr).
    private static byte[] RequiredValues(AsnReader reader)
    {
        byte[]? messageDigest = null;
        string? contentType = null;
        AsnReader attributes = reader.ReadSetOf();
        reader.ThrowIfNotEmpty();
        while (attributes.HasData)
        {
            AsnReader attribute = attributes.ReadSequence();
            string oid = attribute.ReadObjectIdentifier();
            AsnReader values = attribute.ReadSetOf();
            if (oid == Oids.MessageDigest && messageDigest is null)
                messageDigest = values.ReadOctetString();
            else if (oid == Oids.ContentType && contentType is null)
                contentType = values.ReadObjectIdentifier();
            else if (oid is Oids.MessageDigest or Oids.ContentType)
                throw FormatErrors.NotSignedAttributes.With($"attribute {oid} is there twice");
        }
        if (contentType != Oids.SpcIndirectData)
            throw FormatErrors.NotSignedAttributes.With($"contentType is {contentType ?? "missing"}, not {Oids.SpcIndirectData}");
        return messageDigest ?? throw FormatErrors.NotSignedAttributes.With("messageDigest is missing");
    }

    // SEQUENCE { programName [0] { ascii [1] IA5String } }: the short form of the text, one byte a character.
    private static void WriteOpusInfo(AsnWriter writer, string programName)
    {
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)))
            writer.WriteCharacterString(UniversalTagNumber.IA5String, programName, new Asn1Tag(TagClass.ContextSpecific, 1));
    }

    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.UtcDateTime.Year is >= 1950 and < 2050)
            writer.WriteUtcTime(time);
        else
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
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
