using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;

namespace KexecSign.Commands.Bpf;

/// <summary>Options of <c>bpf envelope</c>.</summary>
public sealed record BpfEnvelopeOptions
{
    /// <summary>The zboot image.</summary>
    public string? Kernel { get; init; }

    /// <summary>The initrd.</summary>
    public string? Initrd { get; init; }

    /// <summary>The command line, or <c>@</c> and the name of a file that holds it.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Where the envelope goes.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>bpf envelope</c>.</summary>
/// <param name="File">The envelope.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="KernelSize">Bytes of .kernel.</param>
/// <param name="InitrdSize">Bytes of .initrd.</param>
/// <param name="CommandLine">The command line in it.</param>
public sealed record BpfEnvelopeResult(string File, long Size, string Sha256, long KernelSize, long InitrdSize, string CommandLine)
    : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"packed kernel, initrd and command line into {File}",
        [ReportTable.Fields("", ("kernel", $"{KernelSize} bytes"), ("initrd", $"{InitrdSize} bytes"), ("command line", CommandLine),
            ("bytes", $"{Size}"), ("sha256", Sha256))],
        ["Initrd and command line are not covered by the kernel image's signature; the kernel has the envelope appraised by IMA, if by "
            + "anything."]);
}

/// <summary><c>bpf envelope</c>: the file that a v7 kernel takes beside its parser.</summary>
internal static class BpfEnvelopeOperation
{
    // COMMAND_LINE_SIZE is 4096 at most on the architectures here.
    private const int LongestCommandLine = 4096;

    public static Operation<BpfEnvelopeOptions, BpfEnvelopeResult> Definition { get; } = new()
    {
        Name = "bpf envelope",
        Summary = "Pack a zboot image, its initrd and its command line into the envelope that a v7 kernel takes beside its parser.",
        Details = "kexec_file_load gets the parser ELF of 'bpf container' as kernel and this file as initrd. The image goes in as it is, "
            + "signature included. A UKI needs no envelope.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Kernel, o.Initrd, o.CommandLine is ['@', .. var file] ? file : null),
            .. PlannedStep.Write(o.Output)],
        TypedResult = () => BpfJson.Default.BpfEnvelopeResult,
        MakeOptions = () =>
        [
            new("kernel", "FILE", "The zboot image, vmlinuz.efi.", (o, v) => o with { Kernel = v }, required: true),
            new("initrd", "FILE", "The initrd.", (o, v) => o with { Initrd = v }, required: true),
            new("cmdline", "TEXT|@FILE", "The command line; @FILE reads it from a file, whose last newline is left out.",
                (o, v) => o with { CommandLine = v }, required: true),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples = [new("kexecsign bpf envelope --kernel vmlinuz.efi --initrd initrd.img --cmdline 'root=/dev/vda1 ro' -o image.elf",
            "What is loaded together with zboot.bpf.")],
    };

    private static BpfEnvelopeResult Run(BpfEnvelopeOptions options, RunContext context)
    {
        string kernelPath = Needed(options.Kernel, "--kernel"), initrdPath = Needed(options.Initrd, "--initrd"),
            output = Needed(options.Output, "-o");
        string commandLine = CommandLine(Needed(options.CommandLine, "--cmdline"));
        using FileSource kernel = FileSource.Open(kernelPath), initrd = FileSource.Open(initrdPath);
        ushort machine = Machine(kernel);
        if (initrd.Length == 0)
            throw OperationErrors.EnvelopeInitrd.With(initrdPath);
        var envelope = new ImageEnvelope(kernel.ToLayout(), initrd.ToLayout(), ImageEnvelope.Section(commandLine));
        WrittenFile written = WrittenFile.Write(envelope.Write(machine), output, [kernelPath, initrdPath], context);
        return new(output, written.Size, written.Sha256, kernel.Length, initrd.Length, commandLine);
    }

    private static string Needed(string? value, string option) => value ?? throw OperationErrors.OptionMissing.With("bpf envelope", option);

    private static ushort Machine(FileSource kernel)
    {
        Layout file = kernel.ToLayout();
        try
        {
            if (KnownImage.Of(file).Kind != ImageKind.Zboot)
                throw OperationErrors.EnvelopeKernel.With(kernel.Path);
            PeImage image = PeReader.Read(file);
            ZbootHeader.Read(image, file);
            return image.Machine;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(kernel.Path);
        }
    }

    private static string CommandLine(string given)
    {
        string text = given is ['@', .. var file]
            ? Encoding.UTF8.GetString(WholeFile.Read(file, LongestCommandLine + 1, "a command line"))
            : given;
        if (given.StartsWith('@') && text.EndsWith('\n'))
            text = text[..^1];
        if (text.Contains('\0', StringComparison.Ordinal))
            throw OperationErrors.EnvelopeCommandLine.With("has a NUL in it");
        return Encoding.UTF8.GetByteCount(text) < LongestCommandLine ? text
            : throw OperationErrors.EnvelopeCommandLine.With(
                $"has {Encoding.UTF8.GetByteCount(text)} bytes; no kernel takes {LongestCommandLine} or more");
    }
}
