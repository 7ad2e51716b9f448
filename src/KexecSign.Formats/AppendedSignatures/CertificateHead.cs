using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace KexecSign.Formats.AppendedSignatures;

/// <summary>
/// What an appended signature takes from its signer's certificate (RFC 5280 section 4.1), read without a cryptographic library: a process
/// that starts for one signature would spend half of its time on loading it.
/// </summary>
/// <param name="Name">Issuer and serial number.</param>
/// <param name="Subject">DER of the subject's name.</param>
/// <param name="SubjectPublicKeyInfo">DER of the public key.</param>
public sealed record CertificateHead(SignerName Name, ReadOnlyMemory<byte> Subject, ReadOnlyMemory<byte> SubjectPublicKeyInfo)
{
    private const string Label = "CERTIFICATE";

    /// <summary>Reads a file of exactly one certificate, in DER or PEM; null for anything else, which is for others to explain.</summary>
    public static CertificateHead? TryRead(ReadOnlyMemory<byte> file)
    {
        try
        {
            return file.Span.IndexOf("-----BEGIN "u8) < 0 ? OfDer(file) : OfPem(Encoding.ASCII.GetString(file.Span));
        }
        catch (Exception other) when (other is AsnContentException or FormatException)
        {
            return null;
        }
    }

    private static CertificateHead? OfPem(ReadOnlySpan<char> text)
    {
        if (!PemEncoding.TryFind(text, out PemFields part) || !text[part.Label].SequenceEqual(Label)
            || PemEncoding.TryFind(text[part.Location.End..], out _))
        {
            return null;
        }
        byte[] der = new byte[part.DecodedDataLength];
        return Convert.TryFromBase64Chars(text[part.Base64Data], der, out _) ? OfDer(der) : null;
    }

    private static CertificateHead? OfDer(ReadOnlyMemory<byte> der)
    {
        var whole = new AsnReader(der, AsnEncodingRules.DER);
        AsnReader certificate = whole.ReadSequence().ReadSequence();
        if (whole.HasData)
            return null;
        var version = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (certificate.PeekTag().HasSameClassAndValue(version))
            certificate.ReadEncodedValue();
        ReadOnlyMemory<byte> serial = certificate.ReadIntegerBytes();
        certificate.ReadSequence();
        ReadOnlyMemory<byte> issuer = certificate.ReadEncodedValue();
        certificate.ReadSequence();
        ReadOnlyMemory<byte> subject = certificate.ReadEncodedValue();
        return new(SignerName.ByIssuer(issuer.Span, serial.Span), subject, certificate.ReadEncodedValue());
    }
}
