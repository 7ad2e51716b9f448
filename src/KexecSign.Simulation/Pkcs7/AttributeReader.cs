using System.Formats.Asn1;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary><c>pkcs7_sig_note_authenticated_attr()</c> and <c>pkcs7_sig_note_set_of_authattrs()</c>.</summary>
internal static class AttributeReader
{
    private const string ContentType = "1.2.840.113549.1.9.3";
    private const string MessageDigest = "1.2.840.113549.1.9.4";
    private const string SigningTime = "1.2.840.113549.1.9.5";
    private const string SmimeCapabilities = "1.2.840.113549.1.9.15";
    private const string SpOpusInfo = "1.3.6.1.4.1.311.2.1.12";
    private const string StatementType = "1.3.6.1.4.1.311.2.1.11";

    /// <summary>Reads the set.</summary>
    /// <param name="encoded">The whole element, tagged [0].</param>
    /// <param name="signer">Index of the signer, for messages.</param>
    /// <param name="dataType">Type of the content.</param>
    /// <exception cref="Refusal">EBADMSG or EKEYREJECTED.</exception>
    public static KernelAttributes Read(ReadOnlyMemory<byte> encoded, int signer, string dataType)
    {
        var outer = new AsnReader(encoded, AsnEncodingRules.BER);
        var set = new AsnReader(outer.PeekContentBytes(), AsnEncodingRules.BER);
        var seen = new HashSet<string>();
        byte[]? digest = null;
        DateTimeOffset? time = null;
        while (set.HasData)
        {
            AsnReader attribute = set.ReadSequence();
            string oid = attribute.ReadObjectIdentifier();
            var values = new AsnReader(attribute.PeekContentBytes(), AsnEncodingRules.BER);
            while (values.HasData)
            {
                if (Known(oid) && !seen.Add(oid))
                    throw Refused(KernelErrno.EKEYREJECTED, "PKCS7: Repeated/multivalue AuthAttrs not permitted", oid + " comes twice");
                NoteValue(oid, values);
            }
        }
        if (!seen.Contains(ContentType) || digest is null)
            throw Refused(KernelErrno.EBADMSG, "PKCS7: Missing required AuthAttr", "contentType or messageDigest is missing");
        return new KernelAttributes(encoded[1..], digest, time);

        void NoteValue(string oid, AsnReader values)
        {
            Asn1Tag tag = values.PeekTag();
            switch (oid)
            {
                case ContentType:
                    string type = values.ReadObjectIdentifier();
                    if (type != dataType)
                        throw Refused(KernelErrno.EBADMSG, "PKCS7: Mismatch between global data type and sinfo",
                            $"contentType is {type}, the content {dataType}");
                    break;
                case MessageDigest:
                    digest = values.ReadOctetString();
                    break;
                case SigningTime:
                    time = tag.HasSameClassAndValue(Asn1Tag.UtcTime) ? values.ReadUtcTime() : values.ReadGeneralizedTime();
                    break;
                case SmimeCapabilities or SpOpusInfo or StatementType when dataType != Pkcs7Parser.IndirectData:
                    throw Refused(KernelErrno.EKEYREJECTED, "PKCS7: Authenticode AuthAttrs only allowed with Authenticode",
                        oid + " belongs to Authenticode");
                default:
                    values.ReadEncodedValue();
                    break;
            }
        }

        Refusal Refused(KernelErrno errno, string message, string why) => new(errno, KexecRules.Attributes, message, signer, why);
    }

    private static bool Known(string oid) =>
        oid is ContentType or MessageDigest or SigningTime or SmimeCapabilities or SpOpusInfo or StatementType;
}
