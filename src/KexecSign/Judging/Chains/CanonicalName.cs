using System.Formats.Asn1;
using System.Text;

namespace KexecSign.Judging.Chains;

/// <summary>
/// A distinguished name as OpenSSL compares it (crypto/x509/x_name.c, x509_name_canon()): texts as UTF-8 whatever type they were written
/// in, ASCII letters small, spaces at the ends left out and others single. The kernel compares the bytes as they stand.
/// </summary>
internal static class CanonicalName
{
    /// <summary>The canonical form; two names are one when their forms are. Empty for a name without parts.</summary>
    /// <exception cref="AsnContentException">It is no name.</exception>
    public static byte[] Of(ReadOnlyMemory<byte> name)
    {
        AsnReader parts = new AsnReader(name, AsnEncodingRules.BER).ReadSequence();
        using var canonical = new MemoryStream();
        while (parts.HasData)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            AsnReader part = parts.ReadSetOf(skipSortOrderValidation: true);
            using (writer.PushSetOf())
            {
                while (part.HasData)
                {
                    AsnReader attribute = part.ReadSequence();
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(attribute.ReadObjectIdentifier());
                        Write(writer, attribute);
                    }
                }
            }
            canonical.Write(writer.Encode());
        }
        return canonical.ToArray();
    }

    private static void Write(AsnWriter writer, AsnReader value)
    {
        Asn1Tag tag = value.PeekTag();
        if (tag.TagClass == TagClass.Universal && Text((UniversalTagNumber)tag.TagValue, value) is { } text)
            writer.WriteCharacterString(UniversalTagNumber.UTF8String, Simplify(text));
        else
            writer.WriteEncodedValue(value.ReadEncodedValue().Span);
    }

    // ASN1_MASK_CANON: numeric strings and others stay as they are.
    private static string? Text(UniversalTagNumber type, AsnReader value)
    {
        switch (type)
        {
            case UniversalTagNumber.UTF8String:
                return value.ReadCharacterString(type);
            case UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String or UniversalTagNumber.VisibleString
                or UniversalTagNumber.T61String:
                // One byte a character, whatever the type allows.
                return Encoding.Latin1.GetString(Content(value));
            case UniversalTagNumber.BMPString:
                return Encoding.BigEndianUnicode.GetString(Content(value));
            case UniversalTagNumber.UniversalString:
                return new UTF32Encoding(bigEndian: true, byteOrderMark: false).GetString(Content(value));
            default:
                return null;
        }
    }

    private static ReadOnlySpan<byte> Content(AsnReader value)
    {
        ReadOnlySpan<byte> encoded = value.ReadEncodedValue().Span;
        AsnDecoder.ReadEncodedValue(encoded, AsnEncodingRules.BER, out int offset, out int length, out _);
        return encoded.Slice(offset, length);
    }

    private static string Simplify(string text)
    {
        var simple = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (IsSpace(c))
            {
                if (simple.Length != 0 && simple[^1] != ' ')
                    simple.Append(' ');
            }
            else
                simple.Append(c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c);
        }
        if (simple.Length != 0 && simple[^1] == ' ')
            simple.Length--;
        return simple.ToString();
    }

    private static bool IsSpace(char c) => c is ' ' or >= '\t' and <= '\r';
}
