using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace KexecSign.Consumers.Tests.Chains;

/// <summary>A string type that a name may be written in.</summary>
internal enum NameForm
{
    Utf8,
    Printable,

    /// <summary>As Printable, in other letters and with more spaces: the same name to OpenSSL.</summary>
    Shouted,
    Bmp,
    T61,
}

/// <summary>An extension.</summary>
internal sealed record ChainExtension(string Oid, bool Critical, byte[] Value);

/// <summary>
/// A certificate as bytes, so that it can have what no authority would write: any issuer, any key behind the signature, any extension.
/// </summary>
internal static class ChainCertificate
{
    private static readonly Asn1Tag Explicit0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Explicit3 = new(TagClass.ContextSpecific, 3, isConstructed: true);

    /// <summary>DER of a name with one common name, or with none for an empty text.</summary>
    public static byte[] Name(string text, NameForm form)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (text.Length != 0)
            {
                using (writer.PushSetOf())
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("2.5.4.3");
                    if (form == NameForm.Shouted)
                        writer.WriteCharacterString(UniversalTagNumber.PrintableString, $"  {text.ToUpperInvariant().Replace(" ", "   ", StringComparison.Ordinal)} ");
                    else
                    {
                        writer.WriteCharacterString(form switch
                        {
                            NameForm.Printable => UniversalTagNumber.PrintableString,
                            NameForm.Bmp => UniversalTagNumber.BMPString,
                            NameForm.T61 => UniversalTagNumber.T61String,
                            _ => UniversalTagNumber.UTF8String,
                        }, text);
                    }
                }
            }
        }
        return writer.Encode();
    }

    /// <summary>Signs a certificate.</summary>
    /// <param name="subject">DER of the subject.</param>
    /// <param name="key">The subject's key.</param>
    /// <param name="issuer">DER of the issuer.</param>
    /// <param name="signer">The key that signs.</param>
    /// <param name="serial">Serial number.</param>
    /// <param name="extensions">Its extensions; with none it is written as version 1.</param>
    public static byte[] Issue(byte[] subject, RSA key, byte[] issuer, RSA signer, BigInteger serial, IReadOnlyCollection<ChainExtension> extensions)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (extensions.Count != 0)
            {
                using (writer.PushSequence(Explicit0))
                    writer.WriteInteger(2);
            }
            writer.WriteInteger(serial);
            WriteAlgorithm(writer);
            writer.WriteEncodedValue(issuer);
            using (writer.PushSequence())
            {
                writer.WriteUtcTime(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
                writer.WriteUtcTime(new DateTimeOffset(2045, 1, 1, 0, 0, 0, TimeSpan.Zero));
            }
            writer.WriteEncodedValue(subject);
            writer.WriteEncodedValue(key.ExportSubjectPublicKeyInfo());
            if (extensions.Count != 0)
            {
                using (writer.PushSequence(Explicit3))
                using (writer.PushSequence())
                {
                    foreach (ChainExtension extension in extensions)
                        Write(writer, extension);
                }
            }
        }
        byte[] toBeSigned = writer.Encode();
        writer.Reset();
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(toBeSigned);
            WriteAlgorithm(writer);
            writer.WriteBitString(signer.SignData(toBeSigned, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
        return writer.Encode();
    }

    /// <summary>basicConstraints.</summary>
    public static byte[] BasicConstraints(bool authority, int? pathLength)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (authority)
                writer.WriteBoolean(true);
            if (pathLength is { } length)
                writer.WriteInteger(length);
        }
        return writer.Encode();
    }

    /// <summary>keyUsage, from the bits of its first octet: 0x80 digitalSignature, 0x04 keyCertSign.</summary>
    public static byte[] KeyUsage(byte bits)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        int unused = bits == 0 ? 0 : BitOperations.TrailingZeroCount(bits);
        writer.WriteBitString(bits == 0 ? [] : [bits], unused);
        return writer.Encode();
    }

    /// <summary>extKeyUsage.</summary>
    public static byte[] Purposes(params string[] oids)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (string oid in oids)
                writer.WriteObjectIdentifier(oid);
        }
        return writer.Encode();
    }

    /// <summary>subjectKeyIdentifier.</summary>
    public static byte[] KeyIdentifier(byte[] id)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(id);
        return writer.Encode();
    }

    /// <summary>authorityKeyIdentifier: by key id, by issuer and serial number, or both.</summary>
    public static byte[] AuthorityKeyIdentifier(byte[]? id, byte[]? issuer = null, BigInteger? serial = null)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (id is not null)
                writer.WriteOctetString(id, new Asn1Tag(TagClass.ContextSpecific, 0));
            if (issuer is not null && serial is { } number)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1, isConstructed: true)))
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true)))
                    writer.WriteEncodedValue(issuer);
                writer.WriteInteger(number, new Asn1Tag(TagClass.ContextSpecific, 2));
            }
        }
        return writer.Encode();
    }

    private static void Write(AsnWriter writer, ChainExtension extension)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(extension.Oid);
            if (extension.Critical)
                writer.WriteBoolean(true);
            writer.WriteOctetString(extension.Value);
        }
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.1.11");
            writer.WriteNull();
        }
    }
}
