using System.Formats.Asn1;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Pe;

/// <summary>One WIN_CERTIFICATE entry.</summary>
/// <param name="Offset">File offset of the entry.</param>
/// <param name="Length">dwLength: header and content, in bytes; padded to 8 by some signers, not by others.</param>
/// <param name="Revision">0x0200 in all signatures that kernel and firmware take.</param>
/// <param name="Type">2 for PKCS#7 SignedData.</param>
/// <param name="Content">The bytes behind the header, padding inside dwLength included.</param>
public sealed record CertificateEntry(long Offset, uint Length, ushort Revision, ushort Type, ReadOnlyMemory<byte> Content)
{
    /// <summary>WIN_CERT_REVISION_2_0.</summary>
    public const ushort Revision2 = 0x0200;

    /// <summary>WIN_CERT_TYPE_PKCS_SIGNED_DATA.</summary>
    public const ushort Pkcs7SignedData = 2;

    /// <summary>The PKCS#7 DER without padding.</summary>
    /// <exception cref="KexecSignException">KS1502-KS1504 when the entry is of another kind, or hides bytes behind the DER.</exception>
    public ReadOnlyMemory<byte> Pkcs7()
    {
        if (Revision != Revision2 || Type != Pkcs7SignedData)
            throw FormatErrors.CertificateEntryType.With(Offset, Revision, Type);
        if (!AsnDecoder.TryReadEncodedValue(Content.Span, AsnEncodingRules.BER, out Asn1Tag tag, out _, out _, out int consumed)
            || tag != Asn1Tag.Sequence)
            throw FormatErrors.NotDer.With(Offset, Content.Length);
        ReadOnlySpan<byte> padding = Content.Span[consumed..];
        if (padding.Length > 7 || padding.ContainsAnyExcept((byte)0))
            throw FormatErrors.CertificateEntryPadding.With(Offset, Offset + 8 + consumed, padding.Length);
        return Content[..consumed];
    }
}
