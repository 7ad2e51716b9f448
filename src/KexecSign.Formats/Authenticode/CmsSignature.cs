using KexecSign.Formats.Vocabulary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Authenticode;

/// <summary>
/// What the first SignerInfo of a SignedData has signed. CMS libraries wrap the content into an OCTET STRING, leave it out or
/// name the signer by its key id, none of which firmware takes; but none of that is signed either, so it can be written anew.
/// </summary>
/// <param name="Attributes">The signed attributes.</param>
/// <param name="Hash">Digest algorithm of the SignerInfo.</param>
/// <param name="Signature">The signature over the attributes.</param>
public sealed record CmsSignature(SignedAttributes Attributes, HashAlgorithmName Hash, ReadOnlyMemory<byte> Signature)
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1, isConstructed: true);

    /// <summary>Reads a ContentInfo.</summary>
    /// <exception cref="KexecSignException">KS1506, KS1507, KS1511.</exception>
    public static CmsSignature Read(ReadOnlyMemory<byte> contentInfo)
    {
        try
        {
            AsnReader info = new AsnReader(contentInfo, AsnEncodingRules.BER).ReadSequence();
            string type = info.ReadObjectIdentifier();
            if (type != Oids.SignedData)
                throw FormatErrors.NotAuthenticode.With($"content of type {type}", Oids.SignedData);
            AsnReader signedData = info.ReadSequence(Context0).ReadSequence();
            signedData.ReadInteger();
            signedData.ReadSetOf();
            signedData.ReadSequence();
            foreach (Asn1Tag optional in (ReadOnlySpan<Asn1Tag>)[Context0, Context1])
            {
                if (signedData.HasData && signedData.PeekTag().HasSameClassAndValue(optional))
                    signedData.ReadEncodedValue();
            }
            return ReadSigner(signedData.ReadSetOf().ReadSequence());
        }
        catch (AsnContentException broken)
        {
            throw FormatErrors.NotAuthenticode.Because(broken, "no sound SignedData", Oids.SignedData);
        }
    }

    private static CmsSignature ReadSigner(AsnReader signer)
    {
        signer.ReadInteger();
        signer.ReadEncodedValue();
        HashAlgorithmName hash = HashKind.OfOid(signer.ReadSequence().ReadObjectIdentifier()).Name;
        if (!signer.PeekTag().HasSameClassAndValue(Context0))
            throw FormatErrors.NotSignedAttributes.With("the SignerInfo has none");
        SignedAttributes attributes = SignedAttributes.FromDer(signer.ReadEncodedValue());
        signer.ReadSequence();
        return new(attributes, hash, signer.ReadOctetString());
    }
}
