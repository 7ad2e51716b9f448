using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Elf;

/// <summary>A section of a container: its name, and where its content lies in the file; in bytes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its number in the table; 0 is the null section.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Length.</param>
public sealed record ContainerSection(string Name, int Index, long Offset, long Size);

/// <summary>
/// The section table of an ELF container, read without the content, which may be hundreds of megabytes. Checked as the
/// kernel does it (kernel/kexec_bpf_loader.c, elf_get_shstrtab and elf_find_section): table, names and content inside the
/// file, names ended by a NUL.
/// </summary>
public sealed class ElfSectionTable
{
    // 65535 sections of 64 bytes; a name table larger than this names nothing here.
    private const long LargestNames = 1 << 20;

    private const uint NoBits = 8;

    private readonly Layout _file;

    private ElfSectionTable(Layout file, ImmutableArray<ContainerSection> sections, long tableEnd)
    {
        _file = file;
        Sections = sections;
        End = sections.Select(s => s.Offset + s.Size).Append(tableEnd).Max();
    }

    /// <summary>All sections but the null section, in table order; the name table is among them.</summary>
    public ImmutableArray<ContainerSection> Sections { get; }

    /// <summary>Offset behind the last byte that belongs to the ELF file; an appended signature may follow.</summary>
    public long End { get; }

    /// <summary>Reads the table.</summary>
    /// <exception cref="KexecSignException">KS1301-KS1303, KS1334, KS1335.</exception>
    public static ElfSectionTable Read(Layout file)
    {
        byte[] header = file.ReadBytes(0, Math.Min(file.Length, ElfWriter.HeaderSize));
        if (header.Length < ElfWriter.HeaderSize || !Elf64File.LooksLikeElf64(header))
            throw FormatErrors.NotElf64.With(Convert.ToHexString(header.AsSpan(0, Math.Min(6, header.Length))));
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(40));
        int entrySize = U16(header, 58), count = U16(header, 60), names = U16(header, 62);
        if (table == 0 || count == 0)
            throw FormatErrors.ElfNoSections.With();
        if (entrySize != ElfWriter.HeaderSize)
            throw FormatErrors.ElfHeader.With("e_shentsize", entrySize, ElfWriter.HeaderSize);
        if (names >= count)
            throw FormatErrors.ElfHeader.With("e_shstrndx", names, count - 1);
        byte[] entries = Content(file, "the section table", table, (ulong)count * ElfWriter.HeaderSize);
        byte[] nameTable = NameTable(file, entries.AsSpan(names * ElfWriter.HeaderSize));
        var sections = ImmutableArray.CreateBuilder<ContainerSection>();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = entries.AsSpan(i * ElfWriter.HeaderSize, ElfWriter.HeaderSize);
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if (name >= (uint)nameTable.Length)
                throw FormatErrors.ElfNames.With(
                    $"section {i} has its name at 0x{name:x} of a string table of 0x{nameTable.Length:x} bytes");
            string text = NameAt(nameTable, (int)name);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
                size = BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]);
            if (text.Length == 0)
                continue;
            // Memory without content, as in objects and a vmlinux; its size says nothing of the file.
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) == NoBits)
                (offset, size) = (0, 0);
            Require(file, $"section {text}", offset, size);
            sections.Add(new(text, i, (long)offset, (long)size));
        }
        return new(file, sections.ToImmutable(), (long)table + entries.Length);
    }

    /// <summary>The content of a section.</summary>
    public Layout Content(ContainerSection section) => _file.Slice(section.Offset, section.Size);

    private static byte[] NameTable(Layout file, ReadOnlySpan<byte> entry)
    {
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]);
        if (size is 0 or > LargestNames)
            throw FormatErrors.ElfNames.With($"the section name table has 0x{size:x} bytes where 1 to 0x{LargestNames:x} are wanted");
        byte[] names = Content(file, "the section name table", BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]), size);
        return names[^1] == 0 ? names : throw FormatErrors.ElfNames.With($"the section name table ends with 0x{names[^1]:x}, not with NUL");
    }

    private static byte[] Content(Layout file, string what, ulong offset, ulong size)
    {
        Require(file, what, offset, size);
        return file.ReadBytes((long)offset, (long)size);
    }

    private static void Require(Layout file, string what, ulong offset, ulong size)
    {
        if (size > (ulong)file.Length || offset > (ulong)file.Length - size)
            throw FormatErrors.ElfOutsideFile.With(what, offset, size, file.Length);
    }

    private static string NameAt(ReadOnlySpan<byte> names, int offset)
    {
        ReadOnlySpan<byte> rest = names[offset..];
        return Encoding.Latin1.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);
}
