using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>
/// Edits of a canonical, unsigned image that leave it canonical. Existing bytes never move, because stub code and payload
/// offsets of a kernel hold file offsets that no header tells of; only debug records behind the section table do, whose
/// directory tells where they are.
/// </summary>
public static class PeEditor
{
    // A word and a path name; what is larger is no debug record of a kernel.
    private const int MaxRecords = 64 * 1024;

    /// <summary>Adds a section at the end of the file.</summary>
    /// <param name="file">A canonical, unsigned image.</param>
    /// <param name="name">1 to 8 ASCII characters.</param>
    /// <param name="content">The section's bytes; zero-padded to FileAlignment.</param>
    /// <param name="characteristics">Section flags; <see cref="PeConstants.DiscardableData"/> for data that only tools read.</param>
    /// <exception cref="KexecSignException">KS1021-KS1026, KS1028 when there is no room, a signature, or a section of that
    /// name.</exception>
    public static Layout AddSection(Layout file, string name, Layout content, uint characteristics)
    {
        PeImage image = PeReader.Read(file);
        byte[] rawName = EncodeName(name);
        if (image.IsSigned)
            throw FormatErrors.ImageIsSigned.With(image.CertificateTable.Size, image.CertificateTable.Address);
        if (image.FindSection(name) is { } existing)
            throw FormatErrors.SectionExists.With(name, existing.PointerToRawData);
        PeCanonical.Require(image, file);
        // A section behind a symbol table would leave a gap.
        if (PeCanonical.ContentEnd(image, file) is long symbols && symbols > image.SectionsEnd)
            throw FormatErrors.TrailingBytes.With(image.SectionsEnd, symbols - image.SectionsEnd, symbols);
        file = MakeHeaderRoom(image, file);

        Layout data = content.PadTo(Alignment.Up(content.Length, image.FileAlignment));
        long pointer = Alignment.Up(file.Length, image.FileAlignment);
        long address = Alignment.Up(image.Sections.Select(s => s.VirtualEnd).Append(image.SizeOfHeaders).Max(), image.SectionAlignment);
        long sizeOfImage = Alignment.Up(address + data.Length, image.SectionAlignment);
        if (Math.Max(sizeOfImage, pointer + data.Length) > uint.MaxValue)
            throw FormatErrors.ImageTooLarge.With(Math.Max(sizeOfImage, pointer + data.Length), uint.MaxValue);

        // VirtualSize equals SizeOfRawData: systemd's loader refuses a raw size above the virtual one, and the kernel's
        // reader of .bpf takes SizeOfRawData.
        byte[] header = EncodeHeader(rawName, (uint)data.Length, (uint)address, (uint)pointer, characteristics);
        return file
            .PadTo(pointer)
            .Append(data)
            .Overwrite(image.SectionTableEnd, header)
            .OverwriteUInt16(image.SectionCountOffset, (ushort)(image.Sections.Length + 1))
            // No consumer reads this one, so a number that is wild already is no reason to refuse.
            .OverwriteUInt32(image.SizeOfInitializedDataOffset, (uint)Math.Min(image.SizeOfInitializedData + data.Length, uint.MaxValue))
            .OverwriteUInt32(image.SizeOfImageOffset, (uint)sizeOfImage);
    }

    /// <summary>The file content of a section, zero padding included.</summary>
    /// <exception cref="KexecSignException">KS1016 when it lies outside the file, KS1027 when there is none.</exception>
    public static Layout SectionContent(PeImage image, Layout file, string name)
    {
        PeSection section = image.FindSection(name)
            ?? throw FormatErrors.NoSuchSection.With(name, string.Join(' ', image.Sections.Select(s => s.Name)));
        if (section.RawEnd > image.BodyLength)
            throw FormatErrors.SectionOutsideFile.With(name, section.RawEnd, image.BodyLength);
        return file.Slice(section.PointerToRawData, section.SizeOfRawData);
    }

    private static byte[] EncodeName(string name)
    {
        if (name.Length is < 1 or > 8 || !Ascii.IsValid(name) || name.Contains('\0'))
            throw FormatErrors.BadSectionName.With(name, Encoding.UTF8.GetByteCount(name));
        byte[] raw = new byte[8];
        Encoding.ASCII.GetBytes(name, raw);
        return raw;
    }

    // Debug records that stand behind the section table move on by one section header, all together, and their entries follow.
    private static Layout MakeHeaderRoom(PeImage image, Layout file)
    {
        const int by = PeConstants.SectionHeaderSize;
        int start = image.SectionTableEnd;
        if (start + by > image.SizeOfHeaders || image.Sections.Length == ushort.MaxValue)
            throw FormatErrors.NoHeaderRoom.With(start, image.SizeOfHeaders);
        if (!file.ReadBytes(start, by).AsSpan().ContainsAnyExcept((byte)0))
            return file;
        ImmutableArray<DebugEntry> records =
            [.. DebugDirectory.Read(image, file).Where(e => e.Size != 0 && e.Pointer >= start && e.End <= image.SizeOfHeaders)];
        long end = records.IsEmpty ? 0 : records.Max(e => e.End) - start;
        if (end + by > Math.Min(image.SizeOfHeaders - start, MaxRecords))
            throw FormatErrors.NoHeaderRoom.With(start + end, image.SizeOfHeaders);
        byte[] headers = file.ReadBytes(start, end + by);
        RequireKnown(headers, start, records);
        file = file.Overwrite(start, new byte[end + by]);
        foreach (DebugEntry record in records)
            file = DebugDirectory.Place(file, record, headers[(int)(record.Pointer - start)..(int)(record.End - start)], by);
        return file;
    }

    private static void RequireKnown(byte[] headers, int start, ImmutableArray<DebugEntry> records)
    {
        for (int i = 0; i < headers.Length; i++)
        {
            if (headers[i] != 0 && !records.Any(e => start + i >= e.Pointer && start + i < e.End))
                throw FormatErrors.HeaderRoomTaken.With(start, start + PeConstants.SectionHeaderSize, start + i, headers[i]);
        }
    }

    private static byte[] EncodeHeader(byte[] name, uint size, uint address, uint pointer, uint characteristics)
    {
        byte[] header = new byte[PeConstants.SectionHeaderSize];
        name.CopyTo(header, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), size);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), address);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), size);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), pointer);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), characteristics);
        return header;
    }
}
