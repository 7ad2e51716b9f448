using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Uki;

/// <summary>
/// Puts a stub's sections and those of a unified kernel image together, canonically: no gap, raw sizes multiples of
/// FileAlignment, nothing behind the last section. The stub's sections keep their addresses, so its code runs as before; their
/// file offsets may change, because a stub, unlike a kernel, holds none.
/// </summary>
public static class UkiComposer
{
    // Firmware protects memory by pages of this size, whatever alignment a stub asks for.
    private const int PageSize = 0x1000;
    private const ushort SymbolsStripped = 0x0008;
    private const uint Arm64Nop = 0xD503201F;
    private const int MaxFill = 64 * 1024;

    /// <summary>Makes the image, unsigned.</summary>
    /// <param name="image">Headers of the stub, or of an image to be changed.</param>
    /// <param name="file">Its bytes.</param>
    /// <param name="own">The sections of it that stay where they are in memory.</param>
    /// <param name="parts">All others, in the order in which they are to stand.</param>
    /// <exception cref="KexecSignException">KS1016, KS1022, KS1025, KS1026, KS1710-KS1713.</exception>
    public static Layout Compose(PeImage image, Layout file, ImmutableArray<PeSection> own, ImmutableArray<UkiPart> parts)
    {
        RequireSingle(parts);
        int count = own.Length + parts.Length;
        long tableEnd = image.SectionTableOffset + (long)count * PeConstants.SectionHeaderSize;
        long headers = Alignment.Up(Math.Max(image.SizeOfHeaders, tableEnd), image.FileAlignment);
        RequireRoom(image, file, own, count, tableEnd, headers);

        var table = new List<byte>(count * PeConstants.SectionHeaderSize);
        Layout body = Layout.Empty;
        foreach (PeSection section in own)
        {
            if (section.RawEnd > image.BodyLength)
                throw FormatErrors.SectionOutsideFile.With(section.Name, section.RawEnd, image.BodyLength);
            Layout content = file.Slice(section.PointerToRawData, section.SizeOfRawData);
            content = content.PadTo(Alignment.Up(content.Length, image.FileAlignment));
            uint pointer = content.Length == 0 ? 0 : (uint)(headers + body.Length);
            table.AddRange(Header(section.Name, section.VirtualSize, section.VirtualAddress, (uint)content.Length, pointer,
                section.Characteristics));
            body = body.Append(content);
        }

        long granularity = Math.Max(PageSize, image.SectionAlignment);
        long address = own.Select(s => s.VirtualEnd).Append(headers).Max();
        long data = own.Where(s => s.Characteristics is var c && (c & 0x40) != 0).Sum(s => (long)s.SizeOfRawData);
        foreach (UkiPart part in parts)
        {
            address = Alignment.Up(address, granularity);
            long raw = Alignment.Up(part.Content.Length, image.FileAlignment);
            RequireFits(Math.Max(address + raw, headers + body.Length + raw));
            table.AddRange(Header(part.Name, (uint)part.Content.Length, (uint)address, (uint)raw, (uint)(headers + body.Length),
                part.Characteristics));
            body = body.Append(part.Content).AppendZeros(raw - part.Content.Length);
            address += raw;
            data += part.Characteristics is var c && (c & 0x40) != 0 ? raw : 0;
        }
        long sizeOfImage = Alignment.Up(address, image.SectionAlignment);
        RequireFits(Math.Max(sizeOfImage, headers + body.Length));
        return Headers(image, file, headers, [.. table], count, sizeOfImage, data).Append(body);
    }

    private static Layout Headers(PeImage image, Layout file, long size, byte[] table, int count, long sizeOfImage, long data)
    {
        Layout headers = file.Slice(0, image.SectionTableOffset).Append(table)
            .Append(Behind(image, file, image.SectionTableOffset + table.Length)).PadTo(size);
        if (image.SymbolTable != 0)
            headers = headers.OverwriteUInt16(image.CharacteristicsOffset,
                (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(file.ReadBytes(image.CharacteristicsOffset, 2)) | SymbolsStripped));
        if (image.CanBeSigned)
            headers = headers.Overwrite(image.CertificateDirectoryOffset, new byte[8]);
        return headers
            .OverwriteUInt16(image.SectionCountOffset, (ushort)count)
            .Overwrite(image.SymbolTableOffset, new byte[8])
            .OverwriteUInt32(image.SizeOfInitializedDataOffset, (uint)Math.Min(data, uint.MaxValue))
            .OverwriteUInt32(image.SizeOfImageOffset, (uint)sizeOfImage)
            .OverwriteUInt32(image.SizeOfHeadersOffset, (uint)size)
            .OverwriteUInt32(image.CheckSumOffset, 0);
    }

    // What stands behind a shorter section table was known to be zeros or the headers of sections that are gone.
    private static Layout Behind(PeImage image, Layout file, long tableEnd)
    {
        long from = Math.Max(tableEnd, image.SectionTableEnd);
        if (IsFill(image, file))
            return Layout.Empty.AppendZeros(Math.Max(0, image.SizeOfHeaders - tableEnd));
        Layout zeros = Layout.Empty.AppendZeros(Math.Max(0, from - tableEnd));
        return from < image.SizeOfHeaders ? zeros.Append(file.Slice(from, image.SizeOfHeaders - from)) : zeros;
    }

    private static void RequireRoom(PeImage image, Layout file, ImmutableArray<PeSection> own, int count, long tableEnd, long headers)
    {
        long first = own.Where(s => s.VirtualEnd > s.VirtualAddress).Select(s => (long)s.VirtualAddress).DefaultIfEmpty(long.MaxValue)
            .Min();
        if (headers > first || count > ushort.MaxValue)
            throw FormatErrors.UkiHeaderRoom.With(count, tableEnd, first);
        int start = image.SectionTableEnd, end = (int)Math.Min(tableEnd, image.SizeOfHeaders);
        int used = end <= start ? -1 : file.ReadBytes(start, end - start).AsSpan().IndexOfAnyExcept((byte)0);
        if (used >= 0 && !IsFill(image, file))
            throw FormatErrors.HeaderRoomTaken.With(start, end, start + used, file.ReadBytes(start + used, 1)[0]);
        if (headers != image.SizeOfHeaders && DebugDirectory.Read(image, file) is { IsEmpty: false } records)
            throw FormatErrors.UkiDebugRecords.With(count, headers, image.SizeOfHeaders, records.Length);
    }

    // An assembler pads what it takes for code with instructions that do nothing: so do the headers of systemd's arm64 stub end
    // that are written as code, and nothing jumps there.
    private static bool IsFill(PeImage image, Layout file)
    {
        int length = (int)Math.Min(image.SizeOfHeaders - image.SectionTableEnd, MaxFill);
        if (image.Machine != PeConstants.MachineArm64 || length < 4 || length % 4 != 0 || length == MaxFill)
            return false;
        ReadOnlySpan<byte> bytes = file.ReadBytes(image.SectionTableEnd, length);
        for (; !bytes.IsEmpty; bytes = bytes[4..])
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Arm64Nop)
                return false;
        }
        return true;
    }

    private static void RequireSingle(ImmutableArray<UkiPart> parts)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (UkiPart part in parts)
        {
            if (part.Content.Length == 0)
                throw FormatErrors.UkiSectionEmpty.With(part.Name);
            if (part.Name == UkiSections.Profile)
                seen.Clear();
            if (UkiSections.Find(part.Name) is { Repeats: true })
                continue;
            seen[part.Name] = seen.GetValueOrDefault(part.Name) + 1;
            if (seen[part.Name] > 1)
                throw FormatErrors.UkiSectionTwice.With(part.Name, parts.Count(p => p.Name == part.Name));
        }
    }

    private static void RequireFits(long size)
    {
        if (size > uint.MaxValue)
            throw FormatErrors.ImageTooLarge.With(size, uint.MaxValue);
    }

    private static byte[] Header(string name, uint virtualSize, uint address, uint size, uint pointer, uint characteristics)
    {
        if (name.Length is < 1 or > 8 || !Ascii.IsValid(name) || name.AsSpan().ContainsAnyInRange('\0', '\u0020'))
            throw FormatErrors.BadSectionName.With(name, Encoding.UTF8.GetByteCount(name));
        byte[] header = new byte[PeConstants.SectionHeaderSize];
        Encoding.ASCII.GetBytes(name, header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), virtualSize);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), address);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), size);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), pointer);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), characteristics);
        return header;
    }
}
