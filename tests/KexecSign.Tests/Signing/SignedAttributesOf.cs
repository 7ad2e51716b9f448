using System.Formats.Asn1;

namespace KexecSign.Tests.Signing;

/// <summary>Takes the signed attributes and the signature out of PKCS#7 DER, without our own reader.</summary>
internal static class SignedAttributesOf
{
    public static (byte[] Attributes, byte[] Signature) Pkcs7(ReadOnlyMemory<byte> der)
    {
        var explicit0 = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        AsnReader info = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        info.ReadObjectIdentifier();
        AsnReader data = info.ReadSequence(explicit0).ReadSequence();
        data.ReadInteger();
        data.ReadSetOf();
        data.ReadSequence();
        data.ReadSetOf(explicit0);
        AsnReader signer = data.ReadSetOf().ReadSequence();
        signer.ReadInteger();
        signer.ReadSequence();
        signer.ReadSequence();
        byte[] attributes = signer.ReadEncodedValue().ToArray();
        attributes[0] = 0x31;
        signer.ReadSequence();
        return (attributes, signer.ReadOctetString());
    }
}
