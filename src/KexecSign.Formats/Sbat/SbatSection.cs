using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Sbat;

/// <summary>
/// The table in an image's <c>.sbat</c> section, found and bounded as shim 16.1 does it (verify.c, verify_buffer_sbat()): one reader for
/// the verdict as shim, for policies and for what people are shown.
/// </summary>
/// <param name="Table">The table; null when shim sees none.</param>
/// <param name="Oddities">What shim takes and its authors never meant.</param>
public sealed record SbatSection(SbatTable? Table, ImmutableArray<string> Oddities)
{
    // Those in the field are a few hundred bytes; shim itself sets no limit.
    private const long MaxLength = 4 << 20;

    // IMAGE_SECTION_HEADER: PointerToRelocations and NumberOfRelocations.
    private const int RelocationsField = 24;
    private const int RelocationCountField = 32;

    private static ReadOnlySpan<byte> Name => ".sbat\0\0\0"u8;

    /// <summary>Reads the section of an image.</summary>
    /// <exception cref="KexecSignException">KS1520, KS1521, KS1522, KS1523, KS1701: shim refuses the image.</exception>
    public static SbatSection Read(PeImage image, Layout file)
    {
        SbatTable? table = null;
        bool isThere = false;
        var oddities = ImmutableArray.CreateBuilder<string>();
        ReadOnlySpan<byte> headers = file.ReadBytes(image.SectionTableOffset, image.Sections.Length * PeConstants.SectionHeaderSize);
        for (int i = 0; i < image.Sections.Length; i++)
        {
            ReadOnlySpan<byte> header = headers.Slice(i * PeConstants.SectionHeaderSize, PeConstants.SectionHeaderSize);
            PeSection section = image.Sections[i];
            if (!header[..8].SequenceEqual(Name))
            {
                if (section.Name == ".sbat")
                    oddities.Add("a section's name has bytes behind '.sbat': shim does not take it for one");
                continue;
            }
            // One that was ignored for its sizes is no first one.
            if (isThere)
                throw FormatErrors.SbatTwice.With();
            uint relocations = BinaryPrimitives.ReadUInt32LittleEndian(header[RelocationsField..]);
            ushort count = BinaryPrimitives.ReadUInt16LittleEndian(header[RelocationCountField..]);
            if (relocations != 0 || count != 0)
                throw FormatErrors.SbatRelocations.With(count, relocations);
            if (section.SizeOfRawData == 0 || section.SizeOfRawData < section.VirtualSize)
            {
                oddities.Add(
                    $".sbat has VirtualSize 0x{section.VirtualSize:x} and only 0x{section.SizeOfRawData:x} bytes in the file: shim "
                    + $"ignores it");
                continue;
            }
            isThere = true;
            table = Content(section, file, oddities);
        }
        return new(table, oddities.ToImmutable());
    }

    private static SbatTable Content(PeSection section, Layout file, ImmutableArray<string>.Builder oddities)
    {
        if (section.PointerToRawData >= file.Length || section.RawEnd > file.Length)
            throw FormatErrors.SbatOutside.With(section.PointerToRawData, section.RawEnd, file.Length);
        if (section.SizeOfRawData > MaxLength)
            throw FormatErrors.SbatTooLong.With(section.SizeOfRawData, MaxLength);
        byte[] content = file.ReadBytes(section.PointerToRawData, section.SizeOfRawData);
        SbatTable table = SbatTable.ReadSection(content);
        oddities.AddRange(table.Oddities.Select(o => ".sbat: " + o));
        if (section.VirtualSize != 0 && content.AsSpan((int)section.VirtualSize).ContainsAnyExcept((byte)0))
            oddities.Add($".sbat: shim reads rows behind VirtualSize (0x{section.VirtualSize:x}), too");
        return table;
    }
}
