using System.Buffers.Binary;
using System.Formats.Asn1;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>One WIN_CERTIFICATE entry.</summary>
/// <param name="Offset">File offset of the entry.</param>
/// <param name="Length">dwLength: header and content, in bytes; padded to 8 by some signers, not by others.</param>
/// <param name="Revision">0x0200 in all signatures that kernel and firmware take.</param>
/// <param name="Type">2 for PKCS#7 SignedData.</param>
/// <param name="Content">The bytes behind the header, padding inside dwLength included.</param>
public sealed record CertificateEntry(long Offset, uint Length, ushort Revision, ushort Type, ReadOnlyMemory<byte> Content)
{
    /// <summary>Bytes in front of the content: dwLength, revision, type.</summary>
    public const int HeaderSize = 8;

    /// <summary>Largest PKCS#7 the kernel reads: its decoder refuses more with EMSGSIZE (lib/asn1_decoder.c).</summary>
    public const int MaxPkcs7Length = 65535;

    /// <summary>WIN_CERT_REVISION_2_0.</summary>
    public const ushort Revision2 = 0x0200;

    /// <summary>WIN_CERT_TYPE_PKCS_SIGNED_DATA.</summary>
    public const ushort Pkcs7SignedData = 2;

    /// <summary>Room that an entry for a PKCS#7 of this length takes in the table, in bytes.</summary>
    public static int SizeFor(int pkcs7Length) => (int)Alignment.Up(HeaderSize + pkcs7Length, 8);

    /// <summary>The bytes of an entry.</summary>
    /// <param name="pkcs7">PKCS#7 DER.</param>
    /// <param name="room">
    /// Room reserved in the table, a multiple of 8. dwLength is not rounded up, as signtool, sbsign and pesign write it; only
    /// when an ECDSA signature came out shorter than reserved does it count up to 7 zero bytes, which kernel and firmware skip.
    /// </param>
    /// <exception cref="KexecSignException">KS1505 when the kernel could not read it.</exception>
    public static byte[] Encode(ReadOnlyMemory<byte> pkcs7, int room)
    {
        if (pkcs7.Length > MaxPkcs7Length)
            throw FormatErrors.SignatureTooLarge.With(pkcs7.Length, MaxPkcs7Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(room, SizeFor(pkcs7.Length));
        byte[] entry = new byte[room];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)Math.Max(HeaderSize + pkcs7.Length, room - 7));
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(4), Revision2);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(6), Pkcs7SignedData);
        pkcs7.Span.CopyTo(entry.AsSpan(HeaderSize));
        return entry;
    }

    /// <summary>The entry as it stood in its file, without the padding behind it.</summary>
    public byte[] ToBytes()
    {
        byte[] entry = new byte[Length];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, Length);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(4), Revision);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(6), Type);
        Content.Span.CopyTo(entry.AsSpan(HeaderSize));
        return entry;
    }

    /// <summary>Bytes behind dwLength up to the next multiple of 8; zeros when a signer wrote them.</summary>
    public ReadOnlyMemory<byte> Padding { get; init; }

    /// <summary>The PKCS#7 DER without padding.</summary>
    /// <exception cref="KexecSignException">KS1502, KS1504 when the entry is of another kind.</exception>
    public ReadOnlyMemory<byte> Pkcs7()
    {
        if (Revision != Revision2 || Type != Pkcs7SignedData)
            throw FormatErrors.CertificateEntryType.With(Offset, Revision, Type);
        return Der();
    }

    /// <summary>The DER without padding, whatever revision and type say: neither EDK2 nor shim looks at the revision.</summary>
    /// <exception cref="KexecSignException">KS1504.</exception>
    public ReadOnlyMemory<byte> Der() => Content[..SequenceLength()];

    /// <summary>
    /// What lies behind the DER and is no padding of zeros; null when there is nothing. No signature covers it (CVE-2013-3900); firmware,
    /// shim and kernel all pass over it, and pesign once left a byte there.
    /// </summary>
    public KexecSignException? Surplus()
    {
        int consumed = SequenceLength();
        ReadOnlySpan<byte> inside = Content.Span[consumed..];
        return inside.Length > 7 || inside.ContainsAnyExcept((byte)0) || Padding.Span.ContainsAnyExcept((byte)0)
            ? FormatErrors.CertificateEntryPadding.With(Offset, Offset + HeaderSize + consumed, inside.Length + Padding.Length)
            : null;
    }

    private int SequenceLength()
    {
        try
        {
            Asn1Tag tag = AsnDecoder.ReadEncodedValue(Content.Span, AsnEncodingRules.BER, out _, out _, out int consumed);
            return tag == Asn1Tag.Sequence ? consumed : throw FormatErrors.NotDer.With(Offset, Content.Length);
        }
        catch (AsnContentException broken)
        {
            throw FormatErrors.NotDer.Because(broken, Offset, Content.Length);
        }
    }
}
