using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Certificates;

/// <summary>
/// A stand-in for the certificate of a key that comes without one, for signatures that name a key and carry no certificate (IMA). It
/// holds the public key and nothing else that counts; nobody signed it, and it is never written out.
/// </summary>
public static class KeyOnlyCertificate
{
    private static readonly DateTimeOffset Beginning = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero),
        End = new(2049, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The stand-in for a key.</summary>
    public static X509Certificate2 For(ISigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return For(key.SubjectPublicKeyInfo);
    }

    /// <summary>The stand-in for a public key, DER of its SubjectPublicKeyInfo.</summary>
    public static X509Certificate2 For(ReadOnlyMemory<byte> publicKey)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)))
                    writer.WriteInteger(2);
                writer.WriteInteger(1);
                WriteAlgorithm(writer);
                byte[] name = new X500DistinguishedName("CN=a key without a certificate").RawData;
                writer.WriteEncodedValue(name);
                using (writer.PushSequence())
                {
                    writer.WriteUtcTime(Beginning);
                    writer.WriteUtcTime(End);
                }
                writer.WriteEncodedValue(name);
                writer.WriteEncodedValue(publicKey.Span);
                WriteIdentifier(writer, publicKey);
            }
            WriteAlgorithm(writer);
            writer.WriteBitString([0]);
        }
        return X509CertificateLoader.LoadCertificate(writer.Encode());
    }

    // What evmctl computes for a key without a certificate, and what certificates mostly say of their own.
    [SuppressMessage("Security", "CA5350", Justification = "An identifier fixed by RFC 5280, no protection.")]
    private static void WriteIdentifier(AsnWriter writer, ReadOnlyMemory<byte> publicKey)
    {
        byte[] identifier = SHA1.HashData(PublicKey.CreateFromSubjectPublicKeyInfo(publicKey.Span, out _).EncodedKeyValue.RawData);
        var value = new AsnWriter(AsnEncodingRules.DER);
        value.WriteOctetString(identifier);
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3, isConstructed: true)))
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.29.14");
            writer.WriteOctetString(value.Encode());
        }
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier("1.2.840.10045.4.3.2");
    }
}
