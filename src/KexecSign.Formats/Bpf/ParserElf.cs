using System.Collections.Immutable;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// The file that a v7 kernel takes as its parser: ELF sections .bpf.1 to .bpf.8 with alternatives for one layer of the
/// image, and .bpf.nested with the parser ELF for the next layer. Read by the kernel's own rules (kernel/kexec_bpf_loader.c,
/// validate_elf_bpf_sections): any other section makes it invalid.
/// </summary>
/// <param name="Parsers">The objects in .bpf.1, .bpf.2 ...</param>
/// <param name="Nested">The parser ELF in .bpf.nested; null for none.</param>
/// <param name="Signature">The signature appended to this level; null for none.</param>
/// <param name="Sections">Its sections, as they stand in the file.</param>
public sealed record ParserElf(
    ImmutableArray<ReadOnlyMemory<byte>> Parsers, ReadOnlyMemory<byte>? Nested, AppendedSignature? Signature,
        ImmutableArray<ContainerSection> Sections)
{
    /// <summary>The most alternatives that a level has (KEXEC_ELF_BPF_MAX_IDX).</summary>
    public const int MostParsers = 8;

    /// <summary>The deepest level, the outermost being 0 (KEXEC_ELF_BPF_MAX_DEPTH).</summary>
    public const int DeepestLevel = 4;

    /// <summary>Name of the section with the next level.</summary>
    public const string NestedName = ".bpf.nested";

    private const string Prefix = ".bpf.";
    private const string NameTable = ".shstrtab";
    private const ushort MachineBpf = 247;

    /// <summary>Whether a section table has a section .bpf.1, which no other kind of file here has.</summary>
    public static bool Is(ElfSectionTable table) => table.Sections.Any(s => s.Name == Prefix + "1");

    /// <summary>Reads one level.</summary>
    /// <exception cref="KexecSignException">KS1301-KS1303, KS1330-KS1335, KS1421, KS1422.</exception>
    public static ParserElf Read(ReadOnlyMemory<byte> bytes)
    {
        Layout file = Layout.Of(bytes);
        ElfSectionTable table = ElfSectionTable.Read(file);
        var seen = new ContainerSection?[MostParsers + 1];
        ContainerSection? nested = null;
        foreach (ContainerSection section in table.Sections)
        {
            if (section.Name == NameTable)
                continue;
            ref ContainerSection? slot = ref nested;
            if (section.Name != NestedName)
                slot = ref seen[IndexOf(section)];
            slot = slot is null ? section : throw FormatErrors.ParserElfTwice.With(section.Name);
        }
        int count = seen.Count(s => s is not null), gap = Array.FindIndex(seen, 1, s => s is null);
        if (count == 0 || (gap > 0 && gap <= count))
            throw FormatErrors.ParserElfGap.With(count, Math.Max(gap, 1));
        return new(
            [.. seen.Skip(1).Take(count).Select(s => bytes.Slice((int)s!.Offset, (int)s.Size))],
            nested is null ? (ReadOnlyMemory<byte>?)null : bytes.Slice((int)nested.Offset, (int)nested.Size),
            AppendedSignature.Find(file), table.Sections);
    }

    /// <summary>Reads all levels, the outermost first.</summary>
    /// <exception cref="KexecSignException">KS1301-KS1303, KS1330-KS1335, KS1421, KS1422.</exception>
    public static ImmutableArray<ParserElf> ReadAll(ReadOnlyMemory<byte> bytes)
    {
        var levels = ImmutableArray.CreateBuilder<ParserElf>();
        for (ReadOnlyMemory<byte>? rest = bytes; rest is { } level; rest = levels[^1].Nested)
        {
            if (levels.Count > DeepestLevel)
                throw FormatErrors.ParserElfDepth.With(levels.Count + 1, DeepestLevel + 1);
            levels.Add(Read(level));
        }
        return levels.ToImmutable();
    }

    /// <summary>Writes a level: header, contents at multiples of 8, names, section table.</summary>
    /// <param name="parsers">The objects, in the order in which the kernel is to try them.</param>
    /// <param name="nested">The parser ELF for the next layer, signature included; null for none.</param>
    /// <exception cref="KexecSignException">KS1337.</exception>
    public static byte[] Write(ImmutableArray<ReadOnlyMemory<byte>> parsers, ReadOnlyMemory<byte>? nested)
    {
        if (parsers.Length is 0 or > MostParsers)
            throw FormatErrors.TooManyParsers.With(parsers.Length, MostParsers);
        ImmutableArray<ReadOnlyMemory<byte>> contents = nested is { } inner ? parsers.Add(inner) : parsers;
        ImmutableArray<string> sections = [.. parsers.Select((_, i) => $"{Prefix}{i + 1}"), .. nested is null
            ? []
            : (string[])[NestedName], NameTable];
        (byte[] names, ImmutableArray<int> nameAt) = ElfWriter.Names(sections);

        Layout file = Layout.Of(new byte[ElfWriter.HeaderSize]);
        var headers = new List<byte[]> { new byte[ElfWriter.HeaderSize] };
        for (int i = 0; i < contents.Length; i++)
        {
            file = file.AlignTo(8);
            headers.Add(ElfWriter.Section(nameAt[i], type: 1, flags: 0, file.Length, contents[i].Length, 0, 0, alignment: 8, 0));
            file = file.Append(contents[i]);
        }
        headers.Add(ElfWriter.Section(nameAt[^1], type: 3, flags: 0, file.Length, names.Length, 0, 0, alignment: 1, 0));
        file = file.Append(names).AlignTo(8);
        long table = file.Length;
        foreach (byte[] header in headers)
            file = file.Append(header);
        return file.Overwrite(0, ElfWriter.Header(ElfHead.Relocatable, MachineBpf, table, headers.Count, headers.Count - 1))
            .ReadBytes(0, file.Length);
    }

    // Exactly one digit, 1 to 8.
    private static int IndexOf(ContainerSection section)
    {
        string name = section.Name;
        return name.Length == Prefix.Length + 1 && name.StartsWith(Prefix, StringComparison.Ordinal) && name[^1] is >= '1' and <= '8'
            ? name[^1] - '0'
            : throw FormatErrors.ParserElfSection.With(section.Index, name);
    }
}
