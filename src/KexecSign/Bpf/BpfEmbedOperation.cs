using System.Security.Cryptography;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Operations;
using KexecSign.Reports;
using KexecSign.Running;

namespace KexecSign.Bpf;

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
            ("parser", $"{ParserJudgement.Name(Parser.Abi)}, opts_data 0x{Parser.DataSize:x}, opts_insn 0x{Parser.InstructionSize:x}"),
            ("parser sha256", Parser.Sha256),
            ("image sha256", Sha256))],
        ["The image is unsigned: sign it last."]);
}

/// <summary><c>bpf embed</c>: puts a parser object into the <c>.bpf</c> section of an unsigned image.</summary>
internal static class BpfEmbedOperation
{
    /// <summary>Section name as the kernel series v3 to v6 look for it (strcmp on the 8-byte field).</summary>
    public const string SectionName = ".bpf";

    // A parser is a few KiB; this only keeps a wrong file from being read whole.
    private const long MaxParserLength = 64 << 20;

    public static Operation<BpfEmbedOptions, BpfEmbedResult> Definition { get; } = new()
    {
        Name = "bpf embed",
        Summary = "Put a kexec BPF parser into the .bpf section of an unsigned image.",
        Details = "Existing bytes do not move, so a zboot's payload offset stays right (objcopy destroys it). Sign afterwards.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Image, o.Parser), .. PlannedStep.Write(o.Output)],
        TypedResult = () => ReportJson.Default.BpfEmbedResult,
        TypedArguments = [new("FILE", "An unsigned vmlinuz.efi, UKI or other EFI image.", (o, v) => o with { Image = v })],
        TypedOptions =
        [
            new("parser", "FILE", "The parser object: an ELF file with opts_data and opts_insn.", (o, v) => o with { Parser = v }, required: true),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples = [new("kexecsign bpf embed vmlinuz.efi --parser parser.o -o vmlinuz.bpf.efi", "Add the parser; then sign vmlinuz.bpf.efi.")],
    };

    /// <summary>The image with the parser in it, and where it lies.</summary>
    public static (Layout Image, EmbeddedParser Parser) Embed(Layout image, string parserPath, RunContext context)
    {
        using FileSource source = FileSource.Open(parserPath);
        byte[] bytes;
        ParserObject parser;
        try
        {
            bytes = ReadAll(source.ToLayout());
            parser = ParserObject.Parse(bytes);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(parserPath);
        }
        if (parser.Abi == ParserAbi.Unknown)
            context.Log.Warning($"{parserPath}: neither kexec_image_parser_anchor nor bpf_handle_pefile is named in opts_data; no known kernel series would call this parser.");
        RequireSeries(parser.Abi, image, parserPath);
        Layout edited = PeEditor.AddSection(image, SectionName, Layout.Of(bytes), PeConstants.DiscardableData);
        if (parser.CutsPayload)
            WarnOfZstd(edited, context);
        PeSection section = PeReader.Read(edited).FindSection(SectionName)!;
        return (edited, new(
            section.PointerToRawData, section.SizeOfRawData, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)),
            parser.Abi, parser.Data.Length, parser.Instructions.Length));
    }

    private static BpfEmbedResult Run(BpfEmbedOptions options, RunContext context)
    {
        string output = options.Output ?? throw OperationErrors.OptionMissing.With("bpf embed", "-o");
        string parserPath = options.Parser ?? throw OperationErrors.OptionMissing.With("bpf embed", "--parser");
        using FileSource source = FileSource.Open(options.Image);
        try
        {
            (Layout image, EmbeddedParser parser) = Embed(source.ToLayout(), parserPath, context);
            WrittenFile written = WrittenFile.Write(image, output, [options.Image, parserPath], context);
            return new(output, written.Size, written.Sha256, parser);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Image);
        }
    }

    /// <summary>The bytes of a parser object.</summary>
    /// <exception cref="KexecSignException">KS1315.</exception>
    public static byte[] ReadAll(Layout parser) =>
        parser.Length <= MaxParserLength ? parser.ReadBytes(0, parser.Length) : throw FormatErrors.ParserTooLarge.With(parser.Length, MaxParserLength);

    // The kernel that runs this parser finds the image of .linux behind it, and runs that one's.
    private static void RequireSeries(ParserAbi abi, Layout image, string parserPath)
    {
        if (abi == ParserAbi.V7)
            throw OperationErrors.EmbeddedAbi.With(ParserJudgement.Name(abi)).In(parserPath);
        if (EmbeddedParsers.Inner(PeReader.Read(image), image) is not { } inner)
            return;
        foreach ((_, ParserObject other) in EmbeddedParsers.In(inner.Image, inner.File))
        {
            if (other.Abi != abi && !(Compatible(abi) && Compatible(other.Abi)))
                throw OperationErrors.NestedAbi.With(ParserJudgement.Name(abi), ParserJudgement.Name(other.Abi)).In(parserPath);
        }

        static bool Compatible(ParserAbi abi) => abi is ParserAbi.V6 or ParserAbi.V6OrV7;
    }

    // The parsers of the posted series take 4 bytes off the payload whatever its compression, and a zstd frame does not survive that.
    private static void WarnOfZstd(Layout image, RunContext context)
    {
        if (ZbootHeader.IsZboot(image.ReadBytes(0, Math.Min(image.Length, ZbootHeader.Size)))
            && ZbootHeader.Read(PeReader.Read(image), image).CompressionName.StartsWith("zstd", StringComparison.Ordinal))
            context.Log.Warning("the payload is zstd, and this parser cuts its last 4 bytes: the kernel will refuse the frame. Use the built-in parser ('kexecsign bpf compile --parser zboot') or gzip.");
    }
}
