using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Judging.Chains;

/// <summary>A SignerInfo as OpenSSL's PKCS7_verify() takes it apart.</summary>
/// <param name="Issuer">Canonical form of the issuer it names.</param>
/// <param name="Serial">The serial number it names.</param>
/// <param name="Digest">OID of its digest algorithm.</param>
/// <param name="Attributes">DER of the signed attributes as a SET; empty when the content itself is signed.</param>
/// <param name="Algorithm">OID of its signature algorithm.</param>
/// <param name="Signature">The signature.</param>
internal sealed record Pkcs7Signer(
    byte[] Issuer, BigInteger Serial, string Digest, ReadOnlyMemory<byte> Attributes, string Algorithm, ReadOnlyMemory<byte> Signature)
{
    /// <summary>
    /// Whether the signature is right by a key (PKCS7_signatureVerify()): OpenSSL takes the scheme from the key, and RSA is PKCS#1 v1.5.
    /// </summary>
    /// <param name="key">Whose key.</param>
    /// <param name="content">The octets that were signed.</param>
    public bool Holds(X509Certificate2 key, ReadOnlySpan<byte> content)
    {
        try
        {
            HashAlgorithmName hash = HashKind.OfOid(Digest).Name;
            byte[] signed = CryptographicOperations.HashData(hash, content);
            if (!Attributes.IsEmpty)
            {
                if (MessageDigest() is not { } digest || !digest.AsSpan().SequenceEqual(signed))
                    return false;
                signed = CryptographicOperations.HashData(hash, Attributes.Span);
            }
            using RSA? rsa = key.GetRSAPublicKey();
            if (rsa is not null)
                return rsa.VerifyHash(signed, Signature.Span, hash, RSASignaturePadding.Pkcs1);
            using ECDsa? ecdsa = key.GetECDsaPublicKey();
            return ecdsa is not null && ecdsa.VerifyHash(signed, Signature.Span, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception broken) when (broken is AsnContentException or CryptographicException or Formats.Errors.KexecSignException)
        {
            return false;
        }
    }

    /// <summary>The SignerInfos of a PKCS#7.</summary>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static ImmutableArray<Pkcs7Signer> All(ReadOnlyMemory<byte> pkcs7)
    {
        AsnReader info = new AsnReader(pkcs7, AsnEncodingRules.BER).ReadSequence();
        info.ReadObjectIdentifier();
        AsnReader signedData = info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)).ReadSequence();
        signedData.ReadInteger();
        signedData.ReadEncodedValue();
        signedData.ReadEncodedValue();
        while (signedData.HasData && signedData.PeekTag().TagClass == TagClass.ContextSpecific)
            signedData.ReadEncodedValue();
        AsnReader signers = signedData.ReadSetOf(skipSortOrderValidation: true);
        var all = ImmutableArray.CreateBuilder<Pkcs7Signer>();
        while (signers.HasData)
            all.Add(Read(signers.ReadSequence()));
        return all.DrainToImmutable();
    }

    private static Pkcs7Signer Read(AsnReader signer)
    {
        var attributes = new Asn1Tag(TagClass.ContextSpecific, 0);
        signer.ReadInteger();
        AsnReader name = signer.ReadSequence();
        byte[] issuer = CanonicalName.Of(name.ReadEncodedValue());
        BigInteger serial = name.ReadInteger();
        string digest = signer.ReadSequence().ReadObjectIdentifier();
        byte[] set = [];
        if (signer.PeekTag().HasSameClassAndValue(attributes))
        {
            set = signer.ReadEncodedValue().ToArray();
            set[0] = 0x31;
        }
        AsnReader algorithm = signer.ReadSequence();
        string oid = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
            RequireReadable(algorithm);
        return new(issuer, serial, digest, set, oid, signer.ReadOctetString());
    }

    // Parameters that nobody looks at, but that OpenSSL decodes with all the rest (asn1_d2i_ex_primitive()).
    private static void RequireReadable(AsnReader parameters)
    {
        Asn1Tag tag = parameters.PeekTag();
        if (tag.TagClass == TagClass.Universal && tag.TagValue == 0)
            throw new AsnContentException();
        if (tag == Asn1Tag.Null)
            parameters.ReadNull();
        else if (tag == Asn1Tag.Boolean)
            parameters.ReadBoolean();
        else
            parameters.ReadEncodedValue();
    }

    private byte[]? MessageDigest()
    {
        AsnReader attributes = new AsnReader(Attributes, AsnEncodingRules.BER).ReadSetOf(skipSortOrderValidation: true);
        while (attributes.HasData)
        {
            AsnReader attribute = attributes.ReadSequence();
            if (attribute.ReadObjectIdentifier() == Oids.MessageDigest)
                return attribute.ReadSetOf().ReadOctetString();
        }
        return null;
    }
}
