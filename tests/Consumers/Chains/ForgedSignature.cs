using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Consumers.Tests.Chains;

/// <summary>Who signs.</summary>
/// <param name="Issuer">DER of the issuer that the SignerInfo names.</param>
/// <param name="Serial">And the serial number.</param>
/// <param name="Algorithm">OID of the kind of signature.</param>
/// <param name="Sign">Signs what is to be hashed by an algorithm.</param>
internal sealed record ForgedSigner(byte[] Issuer, BigInteger Serial, string Algorithm, Func<byte[], HashAlgorithmName, byte[]> Sign)
{
    /// <summary>One with an RSA key.</summary>
    public ForgedSigner(byte[] issuer, BigInteger serial, RSA key)
        : this(issuer, serial, Oids.Rsa, (signed, hash) => key.SignData(signed, hash, RSASignaturePadding.Pkcs1))
    {
    }
}

/// <summary>An Authenticode PKCS#7 with any certificates in any order, and any number of SignerInfos, with or without another one inside.</summary>
internal static class ForgedSignature
{
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private static readonly Asn1Tag Unsigned = new(TagClass.ContextSpecific, 1, isConstructed: true);

    public static byte[] Make(
        byte[] digest, IEnumerable<byte[]> certificates, IEnumerable<ForgedSigner> signers, HashAlgorithmName? algorithm = null, byte[]? nested = null)
    {
        HashAlgorithmName hash = algorithm ?? HashAlgorithmName.SHA256;
        byte[] content = new SpcIndirectData(hash, digest).Encode();
        SignedAttributes attributes = SignedAttributes.For(content, hash, "");
        byte[] set = attributes.Der.ToArray();
        byte[] written = [0xA0, .. set.AsSpan(1)];
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.SignedData);
            using (writer.PushSequence(Explicit0))
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                    WriteAlgorithm(writer, HashKind.Of(hash).Oid);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Oids.SpcIndirectData);
                    using (writer.PushSequence(Explicit0))
                        writer.WriteEncodedValue(content);
                }
                // As a SEQUENCE, or the writer would sort them.
                using (writer.PushSequence(Explicit0))
                {
                    foreach (byte[] certificate in certificates)
                        writer.WriteEncodedValue(certificate);
                }
                using (writer.PushSetOf())
                {
                    foreach (ForgedSigner signer in signers)
                    {
                        using (writer.PushSequence())
                        {
                            writer.WriteInteger(1);
                            using (writer.PushSequence())
                            {
                                writer.WriteEncodedValue(signer.Issuer);
                                writer.WriteInteger(signer.Serial);
                            }
                            WriteAlgorithm(writer, HashKind.Of(hash).Oid);
                            writer.WriteEncodedValue(written);
                            WriteAlgorithm(writer, signer.Algorithm);
                            writer.WriteOctetString(signer.Sign(set, hash));
                            if (nested is not null)
                                WriteNested(writer, nested);
                        }
                    }
                }
            }
        }
        return writer.Encode();
    }

    private static void WriteNested(AsnWriter writer, byte[] nested)
    {
        using (writer.PushSetOf(Unsigned))
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.NestedSignature);
            using (writer.PushSetOf())
                writer.WriteEncodedValue(nested);
        }
    }

    // RSA's parameters are NULL; of curves and ML-DSA there are none.
    private static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (oid == Oids.Rsa || HashKind.All.Any(hash => hash.Oid == oid))
                writer.WriteNull();
        }
    }
}
