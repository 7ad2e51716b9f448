using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace KexecSign.Simulation.Tests.Fixtures;

/// <summary>Writes Authenticode signatures, right ones and ones that are wrong in one way; no other project's code is used.</summary>
internal sealed record AuthenticodeForge(params TestIdentity[] Signers)
{
    public const string IndirectData = "1.3.6.1.4.1.311.2.1.4";
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;

    public TestIdentity[] Certificates { get; init; } = Signers;

    public string DataType { get; init; } = IndirectData;

    public string AttributeContentType { get; init; } = IndirectData;

    public string PeImageData { get; init; } = "1.3.6.1.4.1.311.2.1.15";

    public DateTimeOffset? SigningTime { get; init; }

    public bool WithoutAttributes { get; init; }

    public bool MessageDigestTwice { get; init; }

    public bool WrongMessageDigest { get; init; }

    public bool DamagedSignature { get; init; }

    public bool SignsOtherAttributes { get; init; }

    /// <summary>Block type 02 in front of an otherwise right RSA signature block.</summary>
    public bool WrongPadding { get; init; }

    public bool Pss { get; init; }

    public int SignerInfoVersion { get; init; } = 1;

    public Func<byte[], byte[]> ImageDigest { get; init; } = digest => digest;

    /// <summary>Signs an image and puts the table behind it.</summary>
    public byte[] Sign(byte[] image) => Attach(image, Message(FlatDigest(image, Hash)));

    /// <summary>The PKCS#7 message over an image digest.</summary>
    public byte[] Message(byte[] imageDigest)
    {
        byte[] content = Content(ImageDigest(imageDigest));
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.7.2");
            using (writer.PushSequence(Context0))
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                    WriteAlgorithm(writer, HashOid);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(DataType);
                    using (writer.PushSequence(Context0))
                        writer.WriteEncodedValue(content);
                }
                if (Certificates.Length > 0)
                {
                    using (writer.PushSetOf(Context0))
                    {
                        foreach (TestIdentity identity in Certificates)
                            writer.WriteEncodedValue(identity.Certificate.RawData);
                    }
                }
                using (writer.PushSetOf())
                {
                    foreach (TestIdentity signer in Signers)
                        WriteSigner(writer, signer, content);
                }
            }
        }
        return writer.Encode();
    }

    /// <summary>Puts messages into a certificate table behind an unsigned image, one WIN_CERTIFICATE each.</summary>
    public static byte[] Attach(byte[] image, params byte[][] messages)
    {
        var table = new List<byte>();
        foreach (byte[] message in messages)
        {
            byte[] wrapper = new byte[8];
            BinaryPrimitives.WriteInt32LittleEndian(wrapper, message.Length + 8);
            wrapper[5] = 2;
            wrapper[6] = 2;
            table.AddRange(wrapper);
            table.AddRange(message);
            while (table.Count % 8 != 0)
                table.Add(0);
        }
        byte[] signed = [.. image, .. table];
        BinaryPrimitives.WriteInt32LittleEndian(signed.AsSpan(ImageBuilder.CertificateEntry), image.Length);
        BinaryPrimitives.WriteInt32LittleEndian(signed.AsSpan(ImageBuilder.CertificateEntry + 4), table.Count);
        return signed;
    }

    /// <summary>Header to end of file without CheckSum and certificate entry: what everyone computes for a gap-free file.</summary>
    public static byte[] FlatDigest(byte[] image, HashAlgorithmName hash)
    {
        using var digest = IncrementalHash.CreateHash(hash);
        digest.AppendData(image, 0, ImageBuilder.Optional + 64);
        digest.AppendData(image.AsSpan((ImageBuilder.Optional + 68)..ImageBuilder.CertificateEntry));
        digest.AppendData(image.AsSpan(ImageBuilder.CertificateEntry + 8));
        return digest.GetHashAndReset();
    }

    private string HashOid => CryptoConfig.MapNameToOID(Hash.Name!)!;

    private byte[] Content(byte[] digest)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(PeImageData);
                using (writer.PushSequence())
                    writer.WriteBitString([]);
            }
            using (writer.PushSequence())
            {
                WriteAlgorithm(writer, HashOid);
                writer.WriteOctetString(digest);
            }
        }
        return writer.Encode();
    }

    private void WriteSigner(AsnWriter writer, TestIdentity signer, byte[] content)
    {
        byte[] octets = new AsnReader(content, AsnEncodingRules.DER).PeekContentBytes().ToArray();
        byte[] attributes = Attributes(CryptographicOperations.HashData(Hash, octets));
        using (writer.PushSequence())
        {
            writer.WriteInteger(SignerInfoVersion);
            using (writer.PushSequence())
            {
                writer.WriteEncodedValue(signer.Certificate.IssuerName.RawData);
                writer.WriteInteger(signer.Certificate.SerialNumberBytes.Span);
            }
            WriteAlgorithm(writer, HashOid);
            if (!WithoutAttributes)
            {
                byte[] tagged = (byte[])attributes.Clone();
                tagged[0] = 0xA0;
                writer.WriteEncodedValue(tagged);
            }
            WriteAlgorithm(writer, KeyOid(signer));
            writer.WriteOctetString(Value(signer, WithoutAttributes ? octets : attributes));
        }
    }

    private byte[] Attributes(byte[] messageDigest)
    {
        if (WrongMessageDigest)
            messageDigest[0] ^= 1;
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSetOf())
        {
            WriteAttribute(writer, "1.2.840.113549.1.9.3", value => value.WriteObjectIdentifier(AttributeContentType));
            for (int times = MessageDigestTwice ? 2 : 1; times > 0; times--)
                WriteAttribute(writer, "1.2.840.113549.1.9.4", value => value.WriteOctetString(messageDigest));
            if (SigningTime is { } time)
                WriteAttribute(writer, "1.2.840.113549.1.9.5", value => value.WriteUtcTime(time));
        }
        return writer.Encode();
    }

    private string KeyOid(TestIdentity signer) =>
        Pss ? "1.2.840.113549.1.1.10" : signer.Key is RSA ? "1.2.840.113549.1.1.1" : "1.2.840.10045.4.3.2";

    private byte[] Value(TestIdentity signer, byte[] data)
    {
        if (SignsOtherAttributes)
            data = [.. data, 0];
        byte[] value = signer.Key is RSA rsa
            ? rsa.SignData(data, Hash, Pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
            : ((ECDsa)signer.Key).SignData(data, Hash, DSASignatureFormat.Rfc3279DerSequence);
        if (WrongPadding)
            value = WithBlockType2((RSA)signer.Key, value);
        if (DamagedSignature)
            value[^1] ^= 1;
        return value;
    }

    private static byte[] WithBlockType2(RSA key, byte[] value)
    {
        RSAParameters numbers = key.ExportParameters(includePrivateParameters: true);
        BigInteger modulus = Number(numbers.Modulus!);
        byte[] block = new byte[value.Length];
        BigInteger.ModPow(Number(value), Number(numbers.Exponent!), modulus).ToByteArray(isUnsigned: true, isBigEndian: true).CopyTo(block, 1);
        block[1] = 2;
        byte[] signed = BigInteger.ModPow(Number(block), Number(numbers.D!), modulus).ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[value.Length - signed.Length], .. signed];
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static void WriteAttribute(AsnWriter writer, string oid, Action<AsnWriter> write)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushSetOf())
                write(writer);
        }
    }

    private static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteNull();
        }
    }
}
