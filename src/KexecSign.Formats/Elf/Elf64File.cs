using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Elf;

/// <summary>A section of an ELF file; offsets and sizes in bytes.</summary>
/// <param name="Name">Name from the section name table.</param>
/// <param name="Type">1 PROGBITS, 2 SYMTAB, 3 STRTAB, 8 NOBITS.</param>
/// <param name="Flags">2 ALLOC, 4 EXECINSTR.</param>
/// <param name="Address">Address in memory.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Size in bytes; inside the file unless NOBITS.</param>
/// <param name="Link">Index of the string table that belongs to a symbol table.</param>
public sealed record ElfSection(string Name, uint Type, ulong Flags, ulong Address, ulong Offset, ulong Size, uint Link);

/// <summary>A symbol.</summary>
/// <param name="Name">Name from the string table.</param>
/// <param name="IsGlobal">Whether its binding is STB_GLOBAL.</param>
/// <param name="SectionIndex">Section it is defined in; 0 when undefined, 0xfff1 when absolute.</param>
/// <param name="Value">In a relocatable file: offset in the section.</param>
/// <param name="Size">Size in bytes.</param>
public sealed record ElfSymbol(string Name, bool IsGlobal, ushort SectionIndex, ulong Value, ulong Size);

/// <summary>A 64-bit little-endian ELF file (System V gABI). Every section is known to lie inside the file.</summary>
public sealed class Elf64File
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const uint SymbolTable = 2;
    private const uint NoBits = 8;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly ulong _tableEnd;

    private Elf64File(ReadOnlyMemory<byte> bytes, ushort type, ushort machine, ulong tableEnd, ImmutableArray<ElfSection> sections)
    {
        _bytes = bytes;
        _tableEnd = tableEnd;
        Type = type;
        Machine = machine;
        Sections = sections;
    }

    /// <summary>1 relocatable, 2 executable, 3 shared.</summary>
    public ushort Type { get; }

    /// <summary>183 arm64, 243 riscv, 258 loongarch, 62 x86-64.</summary>
    public ushort Machine { get; }

    /// <summary>All sections, the null section included, in table order.</summary>
    public ImmutableArray<ElfSection> Sections { get; }

    /// <summary>Offset behind the last byte that belongs to the file: section table or section content, whichever ends later.</summary>
    public long End => (long)Sections.Where(s => s.Type != NoBits).Select(s => s.Offset + s.Size).Append(_tableEnd).Max();

    /// <summary>Whether bytes begin like a 64-bit little-endian ELF file.</summary>
    public static bool LooksLikeElf64(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]);

    /// <summary>Reads the section table.</summary>
    /// <param name="bytes">The whole file; trailing bytes are ignored.</param>
    /// <exception cref="KexecSignException">KS1301-KS1303.</exception>
    public static Elf64File Parse(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlySpan<byte> head = bytes.Span;
        if (head.Length < HeaderSize || !LooksLikeElf64(head))
            throw FormatErrors.NotElf64.With(Convert.ToHexString(head[..Math.Min(6, head.Length)]));
        ulong tableOffset = U64(head, 40);
        int entrySize = U16(head, 58), count = U16(head, 60), nameTable = U16(head, 62);
        if (count == 0)
            return new(bytes, U16(head, 16), U16(head, 18), HeaderSize, []);
        if (entrySize != SectionHeaderSize)
            throw FormatErrors.ElfHeader.With("e_shentsize", entrySize, SectionHeaderSize);
        if (nameTable >= count)
            throw FormatErrors.ElfHeader.With("e_shstrndx", nameTable, count - 1);
        ReadOnlySpan<byte> table = Range(head, "the section table", tableOffset, (ulong)count * SectionHeaderSize);

        ReadOnlySpan<byte> names = SectionRange(head, table, nameTable, "the section name table");
        var sections = ImmutableArray.CreateBuilder<ElfSection>(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = table.Slice(i * SectionHeaderSize, SectionHeaderSize);
            string name = StringAt(names, U32(header, 0));
            if (U32(header, 4) != NoBits)
                SectionRange(head, table, i, $"section {name}");
            sections.Add(new(name, U32(header, 4), U64(header, 8), U64(header, 16), U64(header, 24), U64(header, 32), U32(header, 40)));
        }
        return new(bytes, U16(head, 16), U16(head, 18), tableOffset + (ulong)table.Length, sections.MoveToImmutable());
    }

    /// <summary>The file content of a section; empty for NOBITS.</summary>
    public ReadOnlyMemory<byte> Content(ElfSection section) =>
        section.Type == NoBits ? default : _bytes.Slice((int)section.Offset, (int)section.Size);

    /// <summary>The symbols of every SHT_SYMTAB, in table order.</summary>
    /// <exception cref="KexecSignException">KS1303 when a symbol table names no string table.</exception>
    public IEnumerable<ElfSymbol> Symbols()
    {
        foreach (ElfSection table in Sections.Where(s => s.Type == SymbolTable))
        {
            if (table.Link >= Sections.Length)
                throw FormatErrors.ElfHeader.With($"sh_link of {table.Name}", table.Link, Sections.Length - 1);
            ReadOnlyMemory<byte> entries = Content(table), names = Content(Sections[(int)table.Link]);
            for (int at = 0; at + SymbolSize <= entries.Length; at += SymbolSize)
                yield return ReadSymbol(entries.Span.Slice(at, SymbolSize), names.Span);
        }
    }

    private static ElfSymbol ReadSymbol(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> names) =>
        new(StringAt(names, U32(entry, 0)), entry[4] >> 4 == 1, U16(entry, 6), U64(entry, 8), U64(entry, 16));

    private static ReadOnlySpan<byte> SectionRange(ReadOnlySpan<byte> file, ReadOnlySpan<byte> table, int index, string what)
    {
        ReadOnlySpan<byte> header = table.Slice(index * SectionHeaderSize, SectionHeaderSize);
        return Range(file, what, U64(header, 24), U64(header, 32));
    }

    private static ReadOnlySpan<byte> Range(ReadOnlySpan<byte> file, string what, ulong offset, ulong size)
    {
        if (size > (ulong)file.Length || offset > (ulong)file.Length - size)
            throw FormatErrors.ElfOutsideFile.With(what, offset, size, file.Length);
        return file.Slice((int)offset, (int)size);
    }

    private static string StringAt(ReadOnlySpan<byte> table, uint offset)
    {
        if (offset >= (uint)table.Length)
            return "";
        ReadOnlySpan<byte> rest = table[(int)offset..];
        int end = rest.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? rest : rest[..end]);
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
