using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Operations;
using KexecSign.Reports;
using KexecSign.Running;

namespace KexecSign.Bpf;

/// <summary>Options of <c>bpf extract</c>.</summary>
public sealed record BpfExtractOptions
{
    /// <summary>The image.</summary>
    public string Image { get; init; } = "";

    /// <summary>Where the parser object goes.</summary>
    public string? Output { get; init; }
}

/// <summary>A parser that was taken out.</summary>
/// <param name="File">Where it was written.</param>
/// <param name="Size">Length in bytes, without the section's zero padding.</param>
/// <param name="Sha256">SHA-256.</param>
/// <param name="Abi">The kernel series it was made for.</param>
public sealed record BpfExtractResult(string File, long Size, string Sha256, ParserAbi Abi) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() =>
        new($"extracted {File}", [ReportTable.Fields("", ("bytes", $"{Size}"), ("abi", $"{Abi}"), ("sha256", Sha256))], []);
}

/// <summary><c>bpf extract</c>: gives back what <c>bpf embed</c> put in, byte for byte.</summary>
internal static class BpfExtractOperation
{
    public static Operation<BpfExtractOptions, BpfExtractResult> Definition { get; } = new()
    {
        Name = "bpf extract",
        Summary = "Take the kexec BPF parser out of an image's .bpf section.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Image), .. PlannedStep.Write(o.Output)],
        TypedResult = () => ReportJson.Default.BpfExtractResult,
        TypedArguments = [new("FILE", "The image, signed or not.", (o, v) => o with { Image = v })],
        TypedOptions = [new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true)],
        Examples = [new("kexecsign bpf extract vmlinuz.efi -o parser.o", "Write the parser object to parser.o.")],
    };

    /// <summary>The section's content without its zero padding: an ELF file ends where its last table or section ends.</summary>
    public static byte[] Extract(PeImage image, Layout file)
    {
        Layout section = PeEditor.SectionContent(image, file, BpfEmbedOperation.SectionName);
        byte[] bytes = BpfEmbedOperation.ReadAll(section);
        ParserObject.Parse(bytes);
        return bytes[..(int)Elf64File.Parse(bytes).End];
    }

    private static BpfExtractResult Run(BpfExtractOptions options, RunContext context)
    {
        string output = options.Output ?? throw OperationErrors.OptionMissing.With("bpf extract", "-o");
        using FileSource source = FileSource.Open(options.Image);
        try
        {
            Layout file = source.ToLayout();
            byte[] parser = Extract(PeReader.Read(file), file);
            WrittenFile written = WrittenFile.Write(Layout.Of(parser), output, [options.Image], context);
            return new(output, written.Size, written.Sha256, ParserObject.Parse(parser).Abi);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Image);
        }
    }
}
