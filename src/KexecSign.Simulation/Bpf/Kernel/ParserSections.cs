using System.Collections.Immutable;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>The sections of a parser ELF, with the kernel's rules for their names (validate_elf_bpf_sections()).</summary>
/// <param name="Parsers">.bpf.1, .bpf.2, ...</param>
/// <param name="Nested">.bpf.nested.</param>
internal sealed record ParserSections(ImmutableArray<ReadOnlyMemory<byte>> Parsers, ReadOnlyMemory<byte>? Nested)
{
    private const string Prefix = ".bpf.";
    private const int MaxParsers = 8;

    public static ParserSections Read(ReadOnlyMemory<byte> elf, int level)
    {
        Elf64File file;
        try
        {
            file = Elf64File.Parse(elf);
        }
        catch (KexecSignException refused)
        {
            throw new BpfTrap(BpfRules.BadContainer, level, refused.Says);
        }
        var parsers = new ReadOnlyMemory<byte>?[MaxParsers + 1];
        ReadOnlyMemory<byte>? nested = null;
        foreach (ElfSection section in file.Sections)
        {
            if (section.Name is "" or ".shstrtab")
                continue;
            if (section.Name == ".bpf.nested")
            {
                nested = nested is null
                    ? file.Content(section)
                    : throw new BpfTrap(BpfRules.BadContainer, level, "it has two sections .bpf.nested");
                continue;
            }
            int index = section.Name.Length == Prefix.Length + 1 && section.Name.StartsWith(Prefix, StringComparison.Ordinal)
                ? section.Name[^1] - '0'
                : 0;
            if (index is < 1 or > MaxParsers)
                throw new BpfTrap(BpfRules.BadContainer, level,
                    $"it has a section {section.Name}, and only .bpf.1 to .bpf.{MaxParsers}, .bpf.nested and .shstrtab may be there");
            if (parsers[index] is not null)
                throw new BpfTrap(BpfRules.BadContainer, level, $"it has two sections {section.Name}");
            parsers[index] = file.Content(section);
        }
        int last = Array.FindLastIndex(parsers, p => p is not null);
        for (int i = 1; i <= last; i++)
        {
            if (parsers[i] is null)
                throw new BpfTrap(BpfRules.BadContainer, level, $"it has .bpf.{last} and no .bpf.{i}");
        }
        return new([.. parsers.Where(p => p is not null).Select(p => p!.Value)], nested);
    }
}
