using KexecSign.Formats.Vocabulary;
using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// A signed change of PK, KEK, db or dbx, as SetVariable() takes it: EFI_VARIABLE_AUTHENTICATION_2 with the value behind it
/// (UEFI 8.2.2). Everything is little-endian.
/// </summary>
public sealed record VariableUpdate
{
    private const int TimeSize = 16;
    private const int CertificateHeaderSize = 24;
    private const ushort Revision = 0x0200;
    private const ushort TypeEfiGuid = 0x0EF1;

    private readonly byte[] _time = new byte[TimeSize];

    /// <param name="variable">
    /// Name, vendor and value; an empty value deletes. <see cref="UefiVariable.TimeStamp"/> must be there and, for the firmware to
    /// take it, newer than the variable's own, except when appending.
    /// </param>
    /// <param name="append">Whether the value is added to what is there (EFI_VARIABLE_APPEND_WRITE).</param>
    public VariableUpdate(UefiVariable variable, bool append)
    {
        Variable = variable with { Attributes = UefiVariable.Authenticated | (append ? VariableAttributes.AppendWrite : 0) };
        DateTime time = variable.TimeStamp ?? throw new ArgumentException("A signed change carries a time.", nameof(variable));
        VariableRecord.WriteTime(_time, time);
    }

    /// <summary>The hash that firmware of every age takes (edk2 before 2023 looks for the OID of SHA-256 at a fixed place).</summary>
    public static HashAlgorithmName Hash => HashAlgorithmName.SHA256;

    /// <summary>What is changed, with the attributes that SetVariable() must be called with.</summary>
    public UefiVariable Variable { get; }

    /// <summary>SHA-256 of what the signature covers: name without NUL, vendor, attributes, time, value.</summary>
    public byte[] Digest() => CryptographicOperations.HashData(Hash, Covered());

    /// <summary>What the signature covers.</summary>
    public byte[] Covered()
    {
        byte[] attributes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(attributes, (uint)Variable.Attributes);
        return [.. Encoding.Unicode.GetBytes(Variable.Name), .. Variable.Vendor.ToByteArray(), .. attributes, .. _time,
            .. Variable.Value.Span];
    }

    /// <summary>The bytes of the update.</summary>
    /// <param name="certificates">The signer's certificate first, then its chain.</param>
    /// <param name="scheme">Signature algorithm.</param>
    /// <param name="signature">The signature of <see cref="Digest"/>.</param>
    public byte[] Encode(IReadOnlyList<X509Certificate2> certificates, SignatureScheme scheme, ReadOnlySpan<byte> signature)
    {
        byte[] signedData = SignedData(certificates, scheme, signature);
        byte[] head = new byte[TimeSize + CertificateHeaderSize];
        _time.CopyTo(head, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(16), (uint)(CertificateHeaderSize + signedData.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(20), Revision);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(22), TypeEfiGuid);
        EfiGuids.CertTypePkcs7.TryWriteBytes(head.AsSpan(24));
        return [.. head, .. signedData, .. Variable.Value.Span];
    }

    // UEFI 8.2.2: the SignedData itself, not wrapped in a ContentInfo, without the content and without signed attributes.
    private static byte[] SignedData(IReadOnlyList<X509Certificate2> certificates, SignatureScheme scheme, ReadOnlySpan<byte> signature)
    {
        X509Certificate2 signer = certificates[0];
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            using (writer.PushSetOf())
                SpcIndirectData.WriteAlgorithm(writer, HashKind.Of(Hash).Oid);
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(Oids.Data);
            using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                foreach (X509Certificate2 certificate in certificates)
                    writer.WriteEncodedValue(certificate.RawDataMemory.Span);
            }
            using (writer.PushSetOf())
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSequence())
                {
                    writer.WriteEncodedValue(signer.IssuerName.RawData);
                    writer.WriteInteger(new BigInteger(signer.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true));
                }
                SpcIndirectData.WriteAlgorithm(writer, HashKind.Of(Hash).Oid);
                AuthenticodeSignedData.WriteSignatureAlgorithm(writer, Hash, scheme);
                writer.WriteOctetString(signature);
            }
        }
        return writer.Encode();
    }
}
