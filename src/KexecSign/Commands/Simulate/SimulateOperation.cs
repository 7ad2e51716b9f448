using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Parsers;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Commands.Simulate;

/// <summary><c>simulate</c>: runs the parsers of an image as a kernel of the kexec BPF series would.</summary>
internal static class SimulateOperation
{
    private static readonly ImmutableArray<string> PageSizes = ["4096", "16384", "65536"];

    public static Operation<SimulateOptions, SimulateResult> Definition { get; } = new()
    {
        Name = "simulate",
        Summary = "Run the kexec BPF parser of an image as a kernel would, without one.",
        Details = "What is embedded is run: the light skeleton's loader, then the parser, at every level of nesting, with the kernel's "
            + "limits. The kernel that comes out must be the one that is packed. Signatures are not looked at; 'kexecsign verify' does "
            + "that. The trace shows every packet, and a fault its instruction and source line.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.File, o.Image, o.Initrd), .. PlannedStep.Write(o.Output is null ? [] : Results(o.Output))],
        TypedResult = () => SimulateJson.Default.SimulateResult,
        MakeArguments = () => [new("FILE", "An image with a .bpf section, or a parser ELF (series v7).", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("image", "FILE", "The image or envelope that a parser ELF takes apart.", (o, v) => o with { Image = v }),
            new("abi", "SERIES", "Series of the kernel; without it that of the parser.",
                (o, v) => o with { Abi = ParserSeries.Named(Known("abi", v, ParserSeries.Words))!.Abi },
                choices: ParserSeries.Words),
            new("initrd", "FILE", "The caller's initrd, for images that bring none.", (o, v) => o with { Initrd = v }),
            new("cmdline", "TEXT", "The caller's command line, for images that bring none.", (o, v) => o with { CommandLine = v }),
            new("page-size", "BYTES", "Page size of the kernel; without it the largest that the image's architecture has.",
                (o, v) => o with { PageSize = int.Parse(Known("page-size", v, PageSizes), CultureInfo.InvariantCulture) },
                choices: PageSizes),
            new("o", "DIR", "Folder for kernel, initrd and cmdline; without it nothing is written.", (o, v) => o with { Output = v }),
        ],
        Examples =
        [
            new("kexecsign simulate vmlinuz.efi -o result",
                "Run the parser in vmlinuz.efi and write the kernel that it gives to result/kernel."),
            new("kexecsign simulate zboot.bpf --image image.elf",
                "Would a v7 kernel get kernel, initrd and command line out of image.elf?"),
        ],
    };

    private static SimulateResult Run(SimulateOptions options, RunContext context)
    {
        using FileSource file = FileSource.Open(options.File);
        using FileSource? image = options.Image is null ? null : FileSource.Open(options.Image);
        using FileSource? initrd = options.Initrd is null ? null : FileSource.Open(options.Initrd);
        SimulationOutcome outcome;
        try
        {
            outcome = ParserSimulation.Run(
                file.ToLayout(),
                new()
                {
                    Abi = options.Abi,
                    Image = image?.ToLayout(),
                    Initrd = initrd?.ToLayout(),
                    CommandLine = options.CommandLine,
                    PageSize = options.PageSize,
                },
                context);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
        SimulationResult result = outcome.Result;
        Dictionary<string, string> written = options.Output is null ? [] : Write(options, result, context);
        return new()
        {
            File = options.File,
            Abi = outcome.Abi,
            PageSize = outcome.PageSize,
            Errno = result.Errno.ToString(),
            Fault = result.Fault is { } fault
                ? new(fault.Rule.Id, fault.Says, fault.Mend, fault.At?.Program, fault.At?.Instruction, fault.At?.Disassembly,
                    fault.At?.Source)
                : null,
            Kernel = Part(result.Kernel, written.GetValueOrDefault("kernel")),
            PackedSha256 = outcome.PackedSha256,
            Initrd = Part(result.Initrd, written.GetValueOrDefault("initrd")),
            CommandLine = result.CommandLine is { } line ? Encoding.UTF8.GetString(line.Span).TrimEnd('\0') : null,
            Parsers = result.Parsers,
            Instructions = result.Instructions,
            Notes = result.Notes,
            Trace = result.Trace,
        };
    }

    // A kernel that is not the packed one is written too: it is what one wants to look at.
    private static Dictionary<string, string> Write(SimulateOptions options, SimulationResult result, RunContext context)
    {
        var written = new Dictionary<string, string>();
        if (result.Kernel is null)
            return written;
        try
        {
            Directory.CreateDirectory(options.Output!);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(options.Output!);
        }
        string[] inputs = [.. new[] { options.File, options.Image, options.Initrd }.OfType<string>()];
        using var files = new StagedFiles(inputs);
        foreach ((string path, ReadOnlyMemory<byte>? bytes) in Results(options.Output!)
            .Zip([result.Kernel, result.Initrd, result.CommandLine]))
        {
            if (bytes is null)
                continue;
            WrittenFile.Write(Layout.Of(bytes.Value), files.Add(path), [], context);
            written.Add(Path.GetFileName(path), path);
        }
        files.Place();
        return written;
    }

    private static string[] Results(string folder) =>
        [Path.Combine(folder, "kernel"), Path.Combine(folder, "initrd"), Path.Combine(folder, "cmdline")];

    private static SimulatedPart? Part(ReadOnlyMemory<byte>? bytes, string? file) =>
        bytes is { } content ? new(file, content.Length, Convert.ToHexStringLower(SHA256.HashData(content.Span))) : null;

    private static string Known(string option, string value, ImmutableArray<string> known) =>
        known.Contains(value) ? value : throw OperationErrors.OptionValue.With(option, value, string.Join(", ", known));
}
