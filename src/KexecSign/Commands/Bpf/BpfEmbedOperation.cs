using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Parsers;

namespace KexecSign.Commands.Bpf;

/// <summary>Options of <c>bpf embed</c>.</summary>
public sealed record BpfEmbedOptions
{
    /// <summary>The unsigned image.</summary>
    public string Image { get; init; } = "";

    /// <summary>The parser object.</summary>
    public string? Parser { get; init; }

    /// <summary>Where the image with the section goes.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>bpf embed</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">SHA-256 of the image.</param>
/// <param name="Parser">The parser in it.</param>
public sealed record BpfEmbedResult(string File, long Size, string Sha256, EmbeddedParser Parser) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"embedded {Parser.Size} bytes of parser into {File}",
        [ReportTable.Fields("",
            ("section", $".bpf at 0x{Parser.SectionOffset:x}, 0x{Parser.SectionSize:x} bytes"),
            ("parser", $"{ParserSeries.Name(Parser.Abi)}, opts_data 0x{Parser.DataSize:x}, opts_insn 0x{Parser.InstructionSize:x}"),
            ("parser sha256", Parser.Sha256),
            ("image sha256", Sha256))],
        ["The image is unsigned: sign it last."]);
}

/// <summary><c>bpf embed</c>: puts a parser object into the <c>.bpf</c> section of an unsigned image.</summary>
internal static class BpfEmbedOperation
{
    public static Operation<BpfEmbedOptions, BpfEmbedResult> Definition { get; } = new()
    {
        Name = "bpf embed",
        Summary = "Put a kexec BPF parser into the .bpf section of an unsigned image.",
        Details = "Existing bytes do not move, so a zboot's payload offset stays right (objcopy destroys it). Sign afterwards.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Image, o.Parser), .. PlannedStep.Write(o.Output)],
        TypedResult = () => BpfJson.Default.BpfEmbedResult,
        MakeArguments = () => [new("FILE", "An unsigned vmlinuz.efi, UKI or other EFI image.", (o, v) => o with { Image = v })],
        MakeOptions = () =>
        [
            new("parser", "FILE", "The parser object: an ELF file with opts_data and opts_insn.", (o, v) => o with { Parser = v },
                required: true),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples = [new("kexecsign bpf embed vmlinuz.efi --parser parser.o -o vmlinuz.bpf.efi",
            "Add the parser; then sign vmlinuz.bpf.efi.")],
    };

    private static BpfEmbedResult Run(BpfEmbedOptions options, RunContext context)
    {
        string output = options.Output ?? throw OperationErrors.OptionMissing.With("bpf embed", new NamedOption("o"));
        string parserPath = options.Parser ?? throw OperationErrors.OptionMissing.With("bpf embed", new NamedOption("parser"));
        using FileSource source = FileSource.Open(options.Image);
        try
        {
            (Layout image, EmbeddedParser parser) = ParserEmbedding.Embed(source.ToLayout(), parserPath, context);
            WrittenFile written = WrittenFile.Write(image, output, [options.Image, parserPath], context);
            return new(output, written.Size, written.Sha256, parser);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Image);
        }
    }
}
