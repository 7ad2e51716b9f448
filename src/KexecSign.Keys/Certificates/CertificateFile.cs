using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uefi;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys.Certificates;

/// <summary>
/// Certificates in files, all that are in one: PEM, one or several; DER; PKCS#7 without content (.p7b, in PEM or DER); EFI signature lists.
/// (PKCS#12 is for keys: its certificates are encrypted.)
/// </summary>
internal static class CertificateFile
{
    private const int MaxLength = 1 << 20, FirstGuess = 1 << 14;
    private const string SignedDataOid = "1.2.840.113549.1.7.2";

    public static IReadOnlyList<X509Certificate2> Read(string path)
    {
        byte[] bytes = Bytes(path);
        try
        {
            List<X509Certificate2> all = bytes.AsSpan().IndexOf("-----BEGIN "u8) >= 0
                ? FromPem(Encoding.ASCII.GetString(bytes))
                : FromDer(bytes);
            return all.Count > 0 ? all : throw KeyErrors.CertificateMalformed.With(path);
        }
        catch (Exception cause) when (cause is CryptographicException or AsnContentException or ArgumentException)
        {
            throw KeyErrors.CertificateMalformed.Because(cause, path);
        }
    }

    // Text between the parts is for people; keys and the like beside certificates are no certificates.
    private static List<X509Certificate2> FromPem(ReadOnlySpan<char> text)
    {
        var all = new List<X509Certificate2>();
        while (PemEncoding.TryFind(text, out PemFields part))
        {
            byte[] der = new byte[part.DecodedDataLength];
            Convert.TryFromBase64Chars(text[part.Base64Data], der, out _);
            switch (text[part.Label].ToString())
            {
                case "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE":
                    all.Add(X509CertificateLoader.LoadCertificate(der));
                    break;
                case "PKCS7" or "CMS":
                    all.AddRange(FromSignedData(der));
                    break;
            }
            text = text[part.Location.End..];
        }
        return all;
    }

    private static List<X509Certificate2> FromDer(byte[] bytes)
    {
        if (bytes.Length > 0 && bytes[0] == 0x30)
            return IsSignedData(bytes) ? FromSignedData(bytes) : [X509CertificateLoader.LoadCertificate(bytes)];
        try
        {
            return
            [
                .. SignatureList.ReadAll(bytes).Where(list => list.Type == EfiGuids.CertX509).SelectMany(list => list.Entries)
                    .Select(entry => X509CertificateLoader.LoadCertificate(entry.Data.Span)),
            ];
        }
        catch (KexecSignException)
        {
            return [];
        }
    }

    private static bool IsSignedData(byte[] bytes)
    {
        try
        {
            AsnReader info = new AsnReader(bytes, AsnEncodingRules.BER).ReadSequence();
            return info.PeekTag() == Asn1Tag.ObjectIdentifier && info.ReadObjectIdentifier() == SignedDataOid;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    // RFC 2315, SignedData: version, digestAlgorithms, contentInfo, certificates [0].
    private static List<X509Certificate2> FromSignedData(byte[] der)
    {
        AsnReader info = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        if (info.ReadObjectIdentifier() != SignedDataOid)
            return [];
        AsnReader signed = info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        signed.ReadEncodedValue();
        signed.ReadEncodedValue();
        signed.ReadEncodedValue();
        var all = new List<X509Certificate2>();
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (!signed.HasData || signed.PeekTag() != tag)
            return all;
        AsnReader certificates = signed.ReadSetOf(skipSortOrderValidation: true, tag);
        while (certificates.HasData)
            all.Add(X509CertificateLoader.LoadCertificate(certificates.ReadEncodedValue().Span));
        return all;
    }

    private static byte[] Bytes(string path)
    {
        // Read to the end and not as far as a length says: pipes and devices say none.
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[FirstGuess];
            int length = 0;
            for (int count; (count = file.Read(bytes.AsSpan(length))) > 0;)
            {
                length += count;
                if (length > MaxLength)
                    throw KeyErrors.CertificateUnreadable.With(path,
                        $"it is longer than the {MaxLength} bytes that a certificate chain may take");
                if (length == bytes.Length)
                    Array.Resize(ref bytes, Math.Min(2 * length, MaxLength + 1));
            }
            return bytes.AsSpan(0, length).ToArray();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw KeyErrors.CertificateUnreadable.Because(cause, path, FileFault.Of(cause));
        }
    }
}
