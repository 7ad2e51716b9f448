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

/// <summary>Options of <c>bpf extract</c>.</summary>
public sealed record BpfExtractOptions
{
    /// <summary>The image, parser ELF or envelope.</summary>
    public string Image { get; init; } = "";

    /// <summary>The section to take out; null for the first: <c>.bpf</c>, <c>.bpf.1</c> or <c>.kernel</c>.</summary>
    public string? Section { get; init; }

    /// <summary>Where its content goes.</summary>
    public string? Output { get; init; }
}

/// <summary>What was taken out.</summary>
/// <param name="File">Where it was written.</param>
/// <param name="Size">Length in bytes, without the section's zero padding.</param>
/// <param name="Sha256">SHA-256.</param>
/// <param name="Section">The section that it was in.</param>
/// <param name="Abi">The kernel series of a parser; null for what is none.</param>
public sealed record BpfExtractResult(string File, long Size, string Sha256, string Section, ParserAbi? Abi) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"extracted {Section} to {File}",
        [ReportTable.Fields("", ("bytes", $"{Size}"), ("series", Abi is { } abi ? ParserSeries.Name(abi) : null), ("sha256", Sha256))], []);
}

/// <summary>
/// <c>bpf extract</c>: gives back what <c>bpf embed</c>, <c>bpf container</c> and <c>bpf envelope</c> put in, byte for byte.
/// </summary>
internal static class BpfExtractOperation
{
    public static Operation<BpfExtractOptions, BpfExtractResult> Definition { get; } = new()
    {
        Name = "bpf extract",
        Summary = "Take a parser out of an image or a parser ELF, or a part out of an envelope.",
        Details = "From an image it takes the object in .bpf, from a parser ELF the section named (.bpf.1 to .bpf.8, .bpf.nested), "
            + "from an envelope .kernel, .initrd or .cmdline, the last without its NUL. What comes out is what was put in, byte for byte.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Image), .. PlannedStep.Write(o.Output)],
        TypedResult = () => BpfJson.Default.BpfExtractResult,
        MakeArguments = () => [new("FILE", "The image, signed or not, the parser ELF or the envelope.", (o, v) => o with { Image = v })],
        MakeOptions = () =>
        [
            new("section", "NAME", "The section to take out; without it .bpf, .bpf.1 or .kernel.", (o, v) => o with { Section = v }),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign bpf extract vmlinuz.efi -o parser.o", "Write the parser object to parser.o."),
            new("kexecsign bpf extract uki.bpf --section .bpf.nested -o zboot.bpf", "The parser ELF of the next layer."),
            new("kexecsign bpf extract image.elf --section .initrd -o initrd.img", "The initrd in an envelope."),
        ],
    };

    private static BpfExtractResult Run(BpfExtractOptions options, RunContext context)
    {
        string output = options.Output ?? throw OperationErrors.OptionMissing.With("bpf extract", new NamedOption("o"));
        using FileSource source = FileSource.Open(options.Image);
        try
        {
            (string name, Layout content) = Find(source.ToLayout(), options.Section);
            ParserAbi? abi = Abi(name, content);
            WrittenFile written = WrittenFile.Write(content, output, [options.Image], context);
            return new(output, written.Size, written.Sha256, name, abi);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Image);
        }
    }

    private static (string Name, Layout Content) Find(Layout file, string? wanted)
    {
        if (!Elf64File.LooksLikeElf64(file.ReadBytes(0, Math.Min(file.Length, 6))))
        {
            if (wanted is not null and not ParserSection.Name)
                throw OperationErrors.OptionValue.With("section", wanted, ParserSection.Name + " for an image");
            return (ParserSection.Name, Layout.Of(ParserSection.Extract(PeReader.Read(file), file)));
        }
        ElfSectionTable table = ElfSectionTable.Read(file);
        string name = wanted
            ?? (ParserElf.Is(table) ? ".bpf.1"
                : ImageEnvelope.Is(table) ? ImageEnvelope.KernelName
                : throw OperationErrors.NothingToExtract.With());
        ContainerSection section = table.Sections.FirstOrDefault(s => s.Name == name)
            ?? throw FormatErrors.ElfSectionMissing.With(name, string.Join(' ', table.Sections.Select(s => s.Name)));
        Layout content = table.Content(section);
        bool ended = name == ImageEnvelope.CommandLineName && content.Length > 0 && content.ReadBytes(content.Length - 1, 1)[0] == 0;
        return (name, ended ? content.Slice(0, content.Length - 1) : content);
    }

    // What is no parser is given out all the same: someone wants to see what it is.
    private static ParserAbi? Abi(string section, Layout content)
    {
        if (!section.StartsWith(ParserSection.Name, StringComparison.Ordinal) || section == ParserElf.NestedName)
            return null;
        try
        {
            return ParserObject.Parse(ParserSection.ReadAll(content)).Abi;
        }
        catch (KexecSignException)
        {
            return null;
        }
    }
}
