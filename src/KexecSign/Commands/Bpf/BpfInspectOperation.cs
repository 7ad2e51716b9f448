using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Parsers;

namespace KexecSign.Commands.Bpf;

/// <summary>Options of <c>bpf inspect</c>.</summary>
public sealed record BpfInspectOptions
{
    /// <summary>The file.</summary>
    public string File { get; init; } = "";
}

/// <summary>A section of a container.</summary>
/// <param name="Level">Nesting level, the outermost being 0.</param>
/// <param name="Name">Its name.</param>
/// <param name="Offset">Offset in the ELF file of its level.</param>
/// <param name="Size">Its length.</param>
public sealed record InspectedContainerSection(int Level, string Name, long Offset, long Size);

/// <summary>Result of <c>bpf inspect</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Sections">Sections of a parser ELF or an envelope.</param>
/// <param name="SignedLevels">Of a parser ELF: for each level whether a signature is appended to it.</param>
/// <param name="Parsers">The parsers in it.</param>
/// <param name="Findings">What concerns the file as a whole.</param>
public sealed record BpfInspectResult(
    string File, long Size, string Kind, ImmutableArray<InspectedContainerSection> Sections, ImmutableArray<bool> SignedLevels,
    ImmutableArray<InspectedParser> Parsers, ImmutableArray<ParserFinding> Findings) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Kind}, {Size} bytes",
        [.. SectionTable(), .. Parsers.SelectMany(p => p.Tables())],
        [.. Findings.Concat(Parsers.SelectMany(p => p.Findings)).Select(f => f.Message)]);

    private IEnumerable<ReportTable> SectionTable() => Sections.IsEmpty
        ? []
        : [new("sections", ["level", "name", "at", "bytes", "signed"], [.. Sections.Select(s => (ImmutableArray<string>)
            [$"{s.Level}", s.Name, $"0x{s.Offset:x}", $"0x{s.Size:x}", SignedLevels.IsEmpty ? ""
                : SignedLevels[s.Level] ? "yes"
                : "no"])])];
}

/// <summary><c>bpf inspect</c>: what a parser, or a file with parsers in it, holds.</summary>
internal static class BpfInspectOperation
{
    public static Operation<BpfInspectOptions, BpfInspectResult> Definition { get; } = new()
    {
        Name = "bpf inspect",
        Summary = "Tell what a kexec BPF parser holds: series, maps, programs, kernel functions, and where it breaks the contract.",
        Details = "Takes a parser object, an image with a .bpf section, a parser ELF and an image envelope. "
            + "What is told comes from the embedded loader program, not from a source. It reports; 'kexecsign verify' judges.",
        Body = Run,
        TypedResult = () => BpfJson.Default.BpfInspectResult,
        MakeArguments = () => [new("FILE", "The object, image, parser ELF or envelope.", (o, v) => o with { File = v })],
        Examples =
        [
            new("kexecsign bpf inspect parser.o", "Series, maps, programs and findings of an object."),
            new("kexecsign bpf inspect --json vmlinuz.efi", "The same of the parser in an image, for a script."),
        ],
    };

    private static BpfInspectResult Run(BpfInspectOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        Layout file = source.ToLayout();
        try
        {
            byte[] head = file.ReadBytes(0, Math.Min(file.Length, 6));
            return Elf64File.LooksLikeElf64(head) ? Elf(options.File, file)
                : head.AsSpan().StartsWith("MZ"u8) ? Pe(options.File, file)
                : throw OperationErrors.NothingToExtract.With();
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static ParserAbi InSections => ParserSeries.Of(ParserCarrier.ImageSection);

    private static ParserAbi InElfs => ParserSeries.Of(ParserCarrier.ParserElf);

    private static BpfInspectResult Pe(string path, Layout file)
    {
        var parsers = ImmutableArray.CreateBuilder<InspectedParser>();
        var findings = ImmutableArray.CreateBuilder<ParserFinding>();
        foreach ((string place, ParserObject parser) in EmbeddedParsers.In(PeReader.Read(file), file))
        {
            parsers.Add(InspectedParser.Of(place, parser, parser.Abi, parser.Abi));
            if (parser.Abi != ParserAbi.Unknown && (parser.Abi & InSections) == 0)
                findings.Add(ParserFinding.Of(VerifyErrors.MixedSeries.With(place, ParserSeries.Name(parser.Abi),
                    "the section of an image", ParserSeries.Name(InSections))));
            else if (parsers[0].Abi != parser.Abi)
                findings.Add(ParserFinding.Of(VerifyErrors.MixedSeries.With(place, ParserSeries.Name(parser.Abi),
                    "the kernel that runs the outer one", parsers[0].Series)));
        }
        if (parsers.Count == 0)
            throw VerifyErrors.NoParser.With();
        return new(path, file.Length, "image with a .bpf section", [], [], parsers.ToImmutable(), findings.ToImmutable());
    }

    private static BpfInspectResult Elf(string path, Layout file)
    {
        ElfSectionTable table = ElfSectionTable.Read(file);
        if (ParserElf.Is(table))
            return Container(path, file);
        if (ImageEnvelope.Is(table))
            return Envelope(path, file, table);
        ParserObject parser = ParserObject.Parse(ParserSection.ReadAll(file));
        return new(path, file.Length, "parser object", [], [], [InspectedParser.Of("", parser, parser.Abi, parser.Abi)], []);
    }

    private static BpfInspectResult Envelope(string path, Layout file, ElfSectionTable table)
    {
        var findings = ImmutableArray.CreateBuilder<ParserFinding>();
        try
        {
            ImageEnvelope.Read(table);
        }
        catch (KexecSignException broken)
        {
            findings.Add(ParserFinding.Of(broken));
        }
        return new(path, file.Length, "image envelope",
            [.. table.Sections.Select(s => new InspectedContainerSection(0, s.Name, s.Offset, s.Size))], [], [], findings.ToImmutable());
    }

    private static BpfInspectResult Container(string path, Layout file)
    {
        ImmutableArray<ParserElf> levels = ParserElf.ReadAll(ParserSection.ReadAll(file));
        var parsers = ImmutableArray.CreateBuilder<InspectedParser>();
        var findings = ImmutableArray.CreateBuilder<ParserFinding>();
        for (int level = 0; level < levels.Length; level++)
        {
            string prefix = string.Concat(Enumerable.Repeat(ParserElf.NestedName + "/", level));
            for (int i = 0; i < levels[level].Parsers.Length; i++)
                Add($"{prefix}.bpf.{i + 1}", levels[level].Parsers[i], parsers, findings);
        }
        if (levels.Any(l => l.Signature is not null))
        {
            int unsigned = levels.ToList().FindIndex(l => l.Signature is null);
            if (unsigned >= 0)
                findings.Add(ParserFinding.Of(VerifyErrors.LevelUnsigned.With(unsigned,
                    levels.ToList().FindIndex(l => l.Signature is not null))));
        }
        return new(
            path, file.Length, "parser ELF", [.. levels.SelectMany((l, level) =>
                l.Sections.Select(s => new InspectedContainerSection(level, s.Name, s.Offset, s.Size)))],
            [.. levels.Select(l => l.Signature is not null)], parsers.ToImmutable(), findings.ToImmutable());
    }

    private static void Add(string place, ReadOnlyMemory<byte> bytes, ImmutableArray<InspectedParser>.Builder parsers,
        ImmutableArray<ParserFinding>.Builder findings)
    {
        try
        {
            ParserObject parser = ParserObject.Parse(bytes);
            ParserAbi abi = (parser.Abi & InElfs) != 0 ? parser.Abi & InElfs : parser.Abi;
            parsers.Add(InspectedParser.Of(place, parser, abi, abi));
            if (abi != ParserAbi.Unknown && (abi & InElfs) == 0)
                findings.Add(ParserFinding.Of(VerifyErrors.MixedSeries.With(place, ParserSeries.Name(abi),
                    "a kernel that takes parser ELFs", ParserSeries.Name(InElfs))));
        }
        catch (KexecSignException broken)
        {
            findings.Add(ParserFinding.Of(VerifyErrors.PartUnreadable.Because(broken, place, broken.Message)));
        }
    }
}
