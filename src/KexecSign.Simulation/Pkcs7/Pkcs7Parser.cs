using System.Collections.Immutable;
using System.Formats.Asn1;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary><c>pkcs7_parse_message()</c>: crypto/asymmetric_keys/pkcs7.asn1 with the actions of pkcs7_parser.c.</summary>
internal static class Pkcs7Parser
{
    /// <summary>SPC_INDIRECT_DATA.</summary>
    public const string IndirectData = "1.3.6.1.4.1.311.2.1.4";

    private const string SignedData = "1.2.840.113549.1.7.2";
    private const string PlainData = "1.2.840.113549.1.7.1";
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>Parses a message.</summary>
    /// <exception cref="Refusal">EBADMSG, EINVAL, ENOPKG or EKEYREJECTED.</exception>
    public static Pkcs7Message Parse(ReadOnlyMemory<byte> message, KernelRelease release)
    {
        try
        {
            AsnReader contentInfo = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
            if (contentInfo.ReadObjectIdentifier() != SignedData)
                throw Malformed(KernelErrno.EINVAL, "PKCS7: Only support pkcs7_signedData type", "it is no signedData");
            AsnReader signedData = contentInfo.ReadSequence(Explicit0).ReadSequence();
            return ParseSignedData(signedData, release);
        }
        catch (AsnContentException)
        {
            throw Malformed(KernelErrno.EBADMSG, "", "its ASN.1 is not SignedData");
        }
    }

    private static Pkcs7Message ParseSignedData(AsnReader reader, KernelRelease release)
    {
        int version = ReadVersion(reader);
        if (version is not (1 or 3))
            throw Malformed(KernelErrno.EINVAL, "PKCS7: Unsupported SignedData version", $"SignedData has version {version}");
        reader.ReadEncodedValue();

        AsnReader contentInfo = reader.ReadSequence();
        string dataType = contentInfo.ReadObjectIdentifier();
        if (dataType is not (PlainData or IndirectData))
            throw Malformed(KernelErrno.EINVAL, "PKCS7: Unsupported data type", "the content type is " + dataType);
        ReadOnlyMemory<byte>? data = null;
        ReadOnlyMemory<byte> octets = default;
        if (contentInfo.HasData)
        {
            AsnReader wrapped = contentInfo.ReadSequence(Explicit0);
            octets = wrapped.PeekContentBytes();
            data = wrapped.ReadEncodedValue();
        }

        var certificates = ImmutableArray.CreateBuilder<KernelCertificate>();
        AsnReader? signers = null;
        while (reader.HasData)
        {
            Asn1Tag tag = reader.PeekTag();
            if (tag.TagClass != TagClass.ContextSpecific)
                signers = ReadCollection(reader);
            else if (tag.TagValue is 0 or 2)
                ReadCertificates(ReadCollection(reader), certificates, release);
            else
                reader.ReadEncodedValue();
        }
        return new Pkcs7Message
        {
            DataType = dataType,
            Data = data,
            DataOctets = octets,
            Certificates = certificates.DrainToImmutable(),
            Signers = ReadSigners(signers, version, dataType, release),
        };
    }

    private static void ReadCertificates(AsnReader set, ImmutableArray<KernelCertificate>.Builder certificates, KernelRelease release)
    {
        while (set.HasData)
            certificates.Add(KernelCertificate.Parse(set.ReadEncodedValue(), release));
    }

    private static ImmutableArray<Pkcs7Signer> ReadSigners(AsnReader? set, int version, string dataType, KernelRelease release)
    {
        var signers = ImmutableArray.CreateBuilder<Pkcs7Signer>();
        while (set is { HasData: true })
            signers.Add(ReadSigner(set.ReadSequence(), signers.Count + 1, version, dataType, release));
        if (signers.Count == 0 || signers.Any(signer => signer.Attributes is null) != signers.All(signer => signer.Attributes is null))
            throw Malformed(KernelErrno.EINVAL, "PKCS7: Inconsistently supplied authAttrs",
                "there is no signer, or only some have attributes");
        return signers.DrainToImmutable();
    }

    private static Pkcs7Signer ReadSigner(AsnReader reader, int index, int messageVersion, string dataType, KernelRelease release)
    {
        int version = ReadVersion(reader);
        if (version is not (1 or 3))
            throw Malformed(KernelErrno.EINVAL, "PKCS7: Unsupported SignerInfo version", $"signer {index} has version {version}");
        if ((version == 1) != (messageVersion == 1))
            throw Malformed(KernelErrno.EBADMSG, "PKCS7: SignedData-SignerInfo version mismatch",
                $"signer {index} has version {version}, SignedData {messageVersion}");

        byte[] keyId = ReadKeyId(reader, wantsKeyIdentifier: version == 3);
        var hash = KernelHash.ForSigner(reader.ReadSequence().ReadObjectIdentifier(), release);
        KernelAttributes? attributes = null;
        if (reader.PeekTag() is { TagClass: TagClass.ContextSpecific } tag)
        {
            ReadOnlyMemory<byte> encoded = reader.ReadEncodedValue();
            // The other form ([2]) is decoded but never noted by the kernel.
            if (tag.TagValue == 0)
                attributes = AttributeReader.Read(encoded, index, dataType);
        }
        if (attributes is null && dataType == IndirectData)
            throw new Refusal(KernelErrno.EBADMSG, KexecRules.Attributes, "PKCS7: Authenticode requires AuthAttrs", index,
                "there are none");
        string keyAlgorithm = KeyAlgorithm(reader.ReadSequence().ReadObjectIdentifier(), index, release);
        return new Pkcs7Signer
        {
            Index = index,
            KeyId = keyId,
            Hash = hash,
            KeyAlgorithm = keyAlgorithm,
            Value = reader.ReadOctetString(),
            Attributes = attributes,
        };
    }

    private static byte[] ReadKeyId(AsnReader reader, bool wantsKeyIdentifier)
    {
        byte[]? issuerAndSerial = null, keyIdentifier = null;
        Asn1Tag tag = reader.PeekTag();
        if (tag.TagClass == TagClass.ContextSpecific)
        {
            keyIdentifier = reader.ReadOctetString(tag);
        }
        else
        {
            AsnReader sid = reader.ReadSequence();
            ReadOnlyMemory<byte> issuer = sid.PeekContentBytes();
            sid.ReadSequence();
            issuerAndSerial = KernelCertificate.Join(sid.ReadIntegerBytes(), issuer);
        }
        // The version decides which one is used, not which one is there; the other is empty.
        return (wantsKeyIdentifier ? keyIdentifier : issuerAndSerial) ?? [];
    }

    private static string KeyAlgorithm(string oid, int index, KernelRelease release) => oid switch
    {
        "1.2.840.113549.1.1.1" => "rsa",
        "1.2.840.10045.4.1" or "1.2.840.10045.4.3.1" or "1.2.840.10045.4.3.2" or "1.2.840.10045.4.3.3" or "1.2.840.10045.4.3.4" => "ecdsa",
        "2.16.840.1.101.3.4.3.10" or "2.16.840.1.101.3.4.3.11" or "2.16.840.1.101.3.4.3.12" when release.Has(KernelRule.Sha3) => "ecdsa",
        _ when release.Has(KernelRule.MlDsa) && KernelPublicKey.MlDsaKind(oid) is { } mlDsa => mlDsa,
        _ => throw new Refusal(
            KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, "PKCS7: Unsupported pkey algo", $"signer {index}",
            "the signature algorithm " + Named(oid)),
    };

    // The releases modelled here end before Linux 7.0.
    public static string Named(string oid) => oid switch
    {
        "2.16.840.1.101.3.4.3.17" or "2.16.840.1.101.3.4.3.18" or "2.16.840.1.101.3.4.3.19" => oid + " (ML-DSA, known from Linux 7.0 on)",
        _ => oid,
    };

    private static int ReadVersion(AsnReader reader)
    {
        ReadOnlyMemory<byte> bytes = reader.ReadIntegerBytes();
        return bytes.Length == 1 ? bytes.Span[0] : -1;
    }

    // SET OF and SEQUENCE OF are both taken, and a set needs no order.
    private static AsnReader ReadCollection(AsnReader reader)
    {
        Asn1Tag tag = reader.PeekTag();
        ReadOnlyMemory<byte> content = reader.PeekContentBytes();
        if (!tag.IsConstructed)
            throw Malformed(KernelErrno.EBADMSG, "", $"tag {tag} where a set is wanted");
        reader.ReadEncodedValue();
        return new AsnReader(content, AsnEncodingRules.BER);
    }

    private static Refusal Malformed(KernelErrno errno, string message, string why) =>
        new(errno, KexecRules.Pkcs7Malformed, message, "the PKCS#7 message", why);
}
