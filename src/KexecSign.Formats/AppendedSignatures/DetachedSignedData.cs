using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.AppendedSignatures;

/// <summary>How a signer names its certificate: by one of the two.</summary>
/// <param name="IssuerAndSerial">DER of IssuerAndSerialNumber; empty when the key identifier names it.</param>
/// <param name="KeyIdentifier">SubjectKeyIdentifier; empty when issuer and serial number name it.</param>
public sealed record SignerName(ReadOnlyMemory<byte> IssuerAndSerial, ReadOnlyMemory<byte> KeyIdentifier)
{
    /// <summary>Names a certificate by issuer and serial number, as sign-file does.</summary>
    public static SignerName ByIssuer(X509Certificate2 certificate) =>
        ByIssuer(certificate.IssuerName.RawData, certificate.SerialNumberBytes.Span);

    /// <summary>The same from what the certificate holds.</summary>
    /// <param name="issuer">DER of the issuer's name.</param>
    /// <param name="serial">The serial number, big endian.</param>
    internal static SignerName ByIssuer(ReadOnlySpan<byte> issuer, ReadOnlySpan<byte> serial)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(issuer);
            writer.WriteInteger(new BigInteger(serial, isUnsigned: false, isBigEndian: true));
        }
        return new(writer.Encode(), default);
    }

    /// <summary>Names a certificate by its SubjectKeyIdentifier, as <c>sign-file -k</c> does.</summary>
    /// <exception cref="KexecSignException">KS1424.</exception>
    public static SignerName ByKeyIdentifier(X509Certificate2 certificate) =>
        new(default, KeyIdentifierOf(certificate) ?? throw FormatErrors.NoKeyIdentifierToName.With());

    /// <summary>Whether this names a certificate.</summary>
    public bool Names(X509Certificate2 certificate) => KeyIdentifier.IsEmpty
        ? IssuerAndSerial.Span.SequenceEqual(ByIssuer(certificate).IssuerAndSerial.Span)
        : KeyIdentifierOf(certificate) is { } identifier && KeyIdentifier.Span.SequenceEqual(identifier.Span);

    private static ReadOnlyMemory<byte>? KeyIdentifierOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
}

/// <summary>A SignerInfo without attributes: the signature is over the content's hash, and with ML-DSA over the content.</summary>
/// <param name="Name">How it names its certificate.</param>
/// <param name="Hash">Digest algorithm.</param>
/// <param name="Signature">PKCS#1 v1.5 (RSA), DER (ECDSA), or over the content itself (ML-DSA).</param>
public sealed record DetachedSigner(SignerName Name, HashAlgorithmName Hash, ReadOnlyMemory<byte> Signature);

/// <summary>
/// The PKCS#7 of an appended signature, byte for byte as OpenSSL's CMS writes it for scripts/sign-file
/// (CMS_NOCERTS, CMS_DETACHED, CMS_NOATTR, CMS_BINARY): content type data without content, no certificates, no attributes.
/// ML-DSA has the same form. OpenSSL before 4.0 cannot make it and adds attributes, which only kernels with
/// CONFIG_PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA take; every kernel that knows ML-DSA takes a signature without.
/// </summary>
public static class DetachedSignedData
{
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Implicit0 = new(TagClass.ContextSpecific, 0);

    /// <summary>Encodes the ContentInfo.</summary>
    public static byte[] Encode(DetachedSigner signer, SignatureScheme scheme)
    {
        // RFC 5652 5.1 and 5.3: version 3 goes with a key identifier.
        int version = signer.Name.KeyIdentifier.IsEmpty ? 1 : 3;
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.SignedData);
            using (writer.PushSequence(Explicit0))
            using (writer.PushSequence())
            {
                writer.WriteInteger(version);
                using (writer.PushSetOf())
                    WriteDigest(writer, signer.Hash);
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(Oids.Data);
                using (writer.PushSetOf())
                    WriteSigner(writer, version, signer, scheme);
            }
        }
        return writer.Encode();
    }

    /// <summary>
    /// Reads the signers. What the kernel refuses in a module (kernel/module/signing.c with pkcs7_verify.c) is refused here.
    /// </summary>
    /// <exception cref="KexecSignException">KS1423.</exception>
    public static ImmutableArray<DetachedSigner> Decode(ReadOnlyMemory<byte> signedData)
    {
        try
        {
            AsnReader contentInfo = new AsnReader(signedData, AsnEncodingRules.BER).ReadSequence();
            if (contentInfo.ReadObjectIdentifier() != Oids.SignedData)
                throw FormatErrors.ModulePkcs7.With("it is no SignedData");
            AsnReader data = contentInfo.ReadSequence(Explicit0).ReadSequence();
            data.ReadInteger();
            data.ReadEncodedValue();
            AsnReader content = data.ReadSequence();
            if (content.ReadObjectIdentifier() is not Oids.Data and { } type)
                throw FormatErrors.ModulePkcs7.With($"its content type is {type} where data ({Oids.Data}) is wanted");
            if (content.HasData)
                throw FormatErrors.ModulePkcs7.With("it carries content, but the content is the file");
            while (data.PeekTag().TagClass == TagClass.ContextSpecific)
                data.ReadEncodedValue();
            var signers = ImmutableArray.CreateBuilder<DetachedSigner>();
            for (AsnReader set = data.ReadSetOf(skipSortOrderValidation: true); set.HasData;)
                signers.Add(ReadSigner(set.ReadSequence()));
            return signers.Count > 0 ? signers.DrainToImmutable() : throw FormatErrors.ModulePkcs7.With("nobody signed it");
        }
        catch (AsnContentException broken)
        {
            throw FormatErrors.ModulePkcs7.Because(broken, "its ASN.1 is broken");
        }
    }

    private static void WriteSigner(AsnWriter writer, int version, DetachedSigner signer, SignatureScheme scheme)
    {
        using (writer.PushSequence())
        {
            writer.WriteInteger(version);
            if (version == 1)
                writer.WriteEncodedValue(signer.Name.IssuerAndSerial.Span);
            else
                writer.WriteOctetString(signer.Name.KeyIdentifier.Span, Implicit0);
            WriteDigest(writer, signer.Hash);
            AuthenticodeSignedData.WriteSignatureAlgorithm(writer, signer.Hash, scheme);
            writer.WriteOctetString(signer.Signature.Span);
        }
    }

    private static string AttributesOf(AsnReader signer)
    {
        signer.ReadEncodedValue();
        return Oids.IsMlDsa(signer.ReadSequence().ReadObjectIdentifier())
            ? "the signer has authenticated attributes, which with ML-DSA only kernels with "
                + "CONFIG_PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA take"
            : "the signer has authenticated attributes";
    }

    // RFC 5754 2: no parameters with SHA-2, as OpenSSL writes it; Authenticode has NULL here.
    private static void WriteDigest(AsnWriter writer, HashAlgorithmName hash)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(HashKind.Of(hash).Oid);
    }

    private static DetachedSigner ReadSigner(AsnReader signer)
    {
        signer.ReadInteger();
        SignerName name = signer.PeekTag().TagClass == TagClass.ContextSpecific
            ? new(default, signer.ReadOctetString(Implicit0))
            : new(signer.ReadEncodedValue(), default);
        string digest = signer.ReadSequence().ReadObjectIdentifier();
        if (signer.PeekTag().TagClass == TagClass.ContextSpecific)
            throw FormatErrors.ModulePkcs7.With(AttributesOf(signer));
        signer.ReadEncodedValue();
        return new(name, HashKind.OfOid(digest).Name, signer.ReadOctetString());
    }
}
