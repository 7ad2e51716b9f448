using KexecSign.Formats.Vocabulary;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Formats.Authenticode;

/// <summary>How a SignerInfo names its signature algorithm.</summary>
public enum SignatureScheme
{
    /// <summary>RSA PKCS#1 v1.5, written as rsaEncryption.</summary>
    RsaPkcs1,

    /// <summary>ECDSA with the SignerInfo's digest, signature in DER (X9.62).</summary>
    Ecdsa,

    /// <summary>ML-DSA-44, pure, with an empty context (RFC 9882).</summary>
    MlDsa44,

    /// <summary>ML-DSA-65.</summary>
    MlDsa65,

    /// <summary>ML-DSA-87.</summary>
    MlDsa87,
}

/// <summary>
/// Writes the PKCS#7 1.5 SignedData of an Authenticode signature: version 1, content SpcIndirectDataContent as a bare
/// SEQUENCE, one SignerInfo that names its certificate by issuer and serial number. CMS libraries wrap the content in an
/// OCTET STRING and write version 3, which firmware does not take.
/// </summary>
public static class AuthenticodeSignedData
{
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>Encodes the whole ContentInfo.</summary>
    /// <param name="indirectData">DER of SpcIndirectDataContent.</param>
    /// <param name="attributes">The attributes that were signed.</param>
    /// <param name="hash">Digest algorithm of the SignerInfo.</param>
    /// <param name="certificates">The signer's certificate first, then what else is to travel along.</param>
    /// <param name="scheme">Signature algorithm.</param>
    /// <param name="signature">The signature over <see cref="SignedAttributes.Der"/>.</param>
    /// <param name="timestampToken">DER of an RFC 3161 token over the signature; empty for none.</param>
    public static byte[] Encode(
        ReadOnlyMemory<byte> indirectData, SignedAttributes attributes, HashAlgorithmName hash,
        IReadOnlyList<X509Certificate2> certificates, SignatureScheme scheme, ReadOnlySpan<byte> signature,
        ReadOnlyMemory<byte> timestampToken = default)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.SignedData);
            using (writer.PushSequence(Explicit0))
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                    SpcIndirectData.WriteAlgorithm(writer, HashKind.Of(hash).Oid);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Oids.SpcIndirectData);
                    using (writer.PushSequence(Explicit0))
                        writer.WriteEncodedValue(indirectData.Span);
                }
                using (writer.PushSetOf(Explicit0))
                {
                    foreach (X509Certificate2 certificate in certificates)
                        writer.WriteEncodedValue(certificate.RawDataMemory.Span);
                }
                using (writer.PushSetOf())
                    WriteSignerInfo(writer, attributes, hash, certificates[0], scheme, signature, timestampToken);
            }
        }
        return writer.Encode();
    }

    private static void WriteSignerInfo(
        AsnWriter writer, SignedAttributes attributes, HashAlgorithmName hash, X509Certificate2 signer,
        SignatureScheme scheme, ReadOnlySpan<byte> signature, ReadOnlyMemory<byte> timestampToken)
    {
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            using (writer.PushSequence())
            {
                writer.WriteEncodedValue(signer.IssuerName.RawData);
                writer.WriteInteger(new BigInteger(signer.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true));
            }
            SpcIndirectData.WriteAlgorithm(writer, HashKind.Of(hash).Oid);
            writer.WriteEncodedValue(attributes.AsImplicit());
            WriteSignatureAlgorithm(writer, hash, scheme);
            writer.WriteOctetString(signature);
            if (!timestampToken.IsEmpty)
                WriteTimestamp(writer, timestampToken);
        }
    }

    private static void WriteTimestamp(AsnWriter writer, ReadOnlyMemory<byte> token)
    {
        using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 1, isConstructed: true)))
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.Rfc3161Timestamp);
            using (writer.PushSetOf())
                writer.WriteEncodedValue(token.Span);
        }
    }

    internal static void WriteSignatureAlgorithm(AsnWriter writer, HashAlgorithmName hash, SignatureScheme scheme)
    {
        using (writer.PushSequence())
        {
            // RFC 5758 3.2 and RFC 9882 3: no parameters with ECDSA and ML-DSA, not even NULL.
            writer.WriteObjectIdentifier(scheme switch
            {
                SignatureScheme.RsaPkcs1 => Oids.Rsa,
                SignatureScheme.MlDsa44 => Oids.MlDsa44,
                SignatureScheme.MlDsa65 => Oids.MlDsa65,
                SignatureScheme.MlDsa87 => Oids.MlDsa87,
                _ => HashKind.Of(hash).EcdsaOid,
            });
            if (scheme == SignatureScheme.RsaPkcs1)
                writer.WriteNull();
        }
    }
}
