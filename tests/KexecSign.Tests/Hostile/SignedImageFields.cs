using System.Formats.Asn1;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Tests.Hostile;

/// <summary>Names the field of a signed image that a byte belongs to, so that a damage can be told by what it changed.</summary>
internal sealed class SignedImageFields
{
    private static readonly (int Offset, string Name)[] Coff =
        [(0, "PE signature"), (4, "Machine"), (6, "NumberOfSections"), (8, "TimeDateStamp"), (12, "PointerToSymbolTable"), (16, "NumberOfSymbols"), (20, "SizeOfOptionalHeader"), (22, "Characteristics")];

    private static readonly (int Offset, string Name)[] Optional =
    [
        (0, "Magic"), (2, "LinkerVersion"), (4, "SizeOfCode"), (8, "SizeOfInitializedData"), (12, "SizeOfUninitializedData"), (16, "AddressOfEntryPoint"), (20, "BaseOfCode"),
        (24, "ImageBase"), (32, "SectionAlignment"), (36, "FileAlignment"), (40, "versions"), (56, "SizeOfImage"), (60, "SizeOfHeaders"), (64, "CheckSum"), (68, "Subsystem"),
        (70, "DllCharacteristics"), (72, "stack and heap"), (104, "LoaderFlags"), (108, "NumberOfRvaAndSizes"),
    ];

    private static readonly (int Offset, string Name)[] Section =
        [(0, "Name"), (8, "VirtualSize"), (12, "VirtualAddress"), (16, "SizeOfRawData"), (20, "PointerToRawData"), (24, "relocations and lines"), (36, "Characteristics")];

    private static readonly (int Offset, string Name)[] Entry = [(0, "dwLength"), (4, "wRevision"), (6, "wCertificateType")];

    private static readonly Part Certificate = new("certificate",
        new("tbs", new("version"), new("serial"), new("signature"), new("issuer"), new("validity"), new("subject"), new("key"), new("extensions")), new("signatureAlgorithm"), new("signatureValue"));

    private static readonly Part Pkcs7 = new("PKCS#7",
        new("type signedData"),
        new("content", new Part("SignedData",
            new("version"), new("digestAlgorithms"),
            new("contentInfo", new("type of the content"), new("content", new Part("indirectData", new("data"), new("digestInfo", new("algorithm"), new("digest"))))),
            new("certificates", Certificate),
            new("signerInfos", new Part("signerInfo",
                new("version"), new("issuerAndSerial"), new("digestAlgorithm"), new("attributes"), new("signatureAlgorithm"), new("signature"))))));

    private readonly byte[] _bytes;
    private readonly PeImage _image;

    public SignedImageFields(byte[] sound)
    {
        _bytes = sound;
        _image = PeReader.Read(Layout.Of(sound));
    }

    /// <summary>The fields in which two images of this shape differ; the end of the file is one, too.</summary>
    public IReadOnlyCollection<string> Changed(byte[] before, byte[] after)
    {
        var fields = new SortedSet<string>(StringComparer.Ordinal);
        int common = Math.Min(before.Length, after.Length);
        for (int i = 0; i < common; i++)
        {
            if (before[i] != after[i])
                fields.Add(At(i));
        }
        if (before.Length != after.Length)
            fields.Add("end of the file");
        return fields;
    }

    /// <summary>The runs of bytes in front of the sections that are one field each.</summary>
    public IEnumerable<(string Name, int Start, int Length)> HeaderFields()
    {
        int start = 0;
        for (int i = 1; i <= _image.SectionTableEnd; i++)
        {
            if (i < _image.SectionTableEnd && At(i) == At(start) && (At(i) != "other directories" || (i - start) % 8 != 0))
                continue;
            yield return (At(start), start, i - start);
            start = i;
        }
    }

    private string At(int at)
    {
        int pe = _image.HeaderOffset, optional = _image.OptionalHeaderOffset, table = (int)_image.CertificateTable.Address;
        if (at < 2)
            return "DOS magic";
        if (at is >= 0x3C and < 0x40)
            return "e_lfanew";
        if (at < pe)
            return "DOS header";
        if (at < optional)
            return Named(Coff, at - pe);
        if (at < _image.DirectoriesOffset)
            return Named(Optional, at - optional);
        if (at < _image.SectionTableOffset)
            return (at - _image.DirectoriesOffset) / 8 == PeConstants.CertificateDirectoryIndex ? $"certificate directory {(at % 8 < 4 == _image.DirectoriesOffset % 8 < 4 ? "address" : "size")}" : "other directories";
        if (at < _image.SectionTableEnd)
            return "section " + Named(Section, (at - _image.SectionTableOffset) % PeConstants.SectionHeaderSize);
        if (at < _image.SizeOfHeaders)
            return "rest of the headers";
        if (at < table)
            return "sections";
        return at < table + 8 ? Named(Entry, at - table) : InPkcs7(at - table - 8);
    }

    private string InPkcs7(int at)
    {
        ReadOnlySpan<byte> der = _bytes.AsSpan((int)_image.CertificateTable.Address + 8);
        AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.BER, out _, out _, out int length);
        return at < length ? Inside(Pkcs7, der[..length], at) : "padding";
    }

    private static string Inside(Part part, ReadOnlySpan<byte> der, int at)
    {
        AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.BER, out int header, out int length, out _);
        if (at < header || part.Parts.Length == 0)
            return at < header ? part.Name + ", tag and length" : part.Name;
        ReadOnlySpan<byte> rest = der.Slice(header, length);
        at -= header;
        foreach (Part child in part.Parts)
        {
            AsnDecoder.ReadEncodedValue(rest, AsnEncodingRules.BER, out _, out _, out int size);
            if (at < size)
                return part.Name is "tbs" or "signerInfo" or "digestInfo" ? $"{part.Name} {Inside(child, rest[..size], at)}" : Inside(child, rest[..size], at);
            rest = rest[size..];
            at -= size;
        }
        return part.Name;
    }

    private static string Named((int Offset, string Name)[] fields, int offset) => fields.Last(f => f.Offset <= offset).Name;

    private sealed record Part(string Name, params Part[] Parts);
}
