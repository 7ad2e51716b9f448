using System.Collections.Immutable;
using System.Globalization;
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

/// <summary>Options of <c>bpf compile</c>.</summary>
public sealed record BpfCompileOptions
{
    /// <summary>The parser's source; null for a built-in one.</summary>
    public string? Source { get; init; }

    /// <summary>Name of a built-in parser, <c>zboot</c> or <c>uki</c>; null for a source of one's own.</summary>
    public string? Parser { get; init; }

    /// <summary>The kernel series: <c>v5</c>, <c>v6</c> or <c>v7</c>.</summary>
    public string? Abi { get; init; }

    /// <summary>The most bytes that the parser hands to the kernel in one piece; null for the parser's default.</summary>
    public long? ImageSize { get; init; }

    /// <summary>Bytes of the ring buffer that this piece travels in; null to compute it.</summary>
    public long? RingSize { get; init; }

    /// <summary>Further folders with headers.</summary>
    public ImmutableArray<string> Includes { get; init; } = [];

    /// <summary>The compiler: a name on PATH, or a path.</summary>
    public string Clang { get; init; } = "clang";

    /// <summary>bpftool: a name on PATH or in /usr/sbin, or a path.</summary>
    public string BpfTool { get; init; } = "bpftool";

    /// <summary>Where the object goes.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>bpf compile</c>.</summary>
/// <param name="File">The object.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Parser">What is in it.</param>
public sealed record BpfCompileResult(string File, long Size, string Sha256, InspectedParser Parser) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"compiled {File} for {Parser.Series}",
        [ReportTable.Fields("", ("bytes", $"{Size}"), ("sha256", Sha256)), .. Parser.Tables()],
        [.. Parser.Findings.Select(f => f.Message)]);
}

/// <summary><c>bpf compile</c>: from C to the object that a kernel's parser travels in.</summary>
internal static class BpfCompileOperation
{
    private const long SmallestRing = 0x10000;
    private const long LargestRing = 1L << 30;


    public static Operation<BpfCompileOptions, BpfCompileResult> Definition { get; } = new()
    {
        Name = "bpf compile",
        Summary = "Compile a kexec BPF parser: clang, light skeleton, bytecode object.",
        Details = "The built-in parsers zboot and uki come with the program. A source of your own includes skeleton.h and kexec.h of "
            + "these; their folder is on the include path. The same source gives the same bytes in any folder. The object is held against "
            + "the contract of its series before it is written. Needs clang and bpftool.",
        Body = Run,
        RunsPrograms = true,
        Plan = o => [.. PlannedStep.Read(o.Source), new("run", o.Clang), new("run", $"{o.BpfTool} gen skeleton -L"),
            .. PlannedStep.Write(o.Output)],
        TypedResult = () => BpfJson.Default.BpfCompileResult,
        MakeArguments = () => [new("FILE", "The parser's source, a .bpf.c file.", (o, v) => o with { Source = v }, required: false)],
        MakeOptions = () =>
        [
            new("parser", "NAME", "A built-in parser instead of a source.",
                (o, v) => o with { Parser = OptionValues.Choice("parser", v, BuiltInParsers.Names) }, choices: BuiltInParsers.Names),
            new("abi", "SERIES", $"The kernel series: {ParserSeries.Listed}.",
                (o, v) => o with { Abi = OptionValues.Choice("abi", v, ParserSeries.Words) }, required: true,
                choices: ParserSeries.Words),
            new("image-size", "BYTES",
                "The most that is handed to the kernel in one piece; zboot: the payload (v5: the kernel in it), 64 MiB; uki: the kernel, "
                + "or all initrds, 120 MiB.",
                (o, v) => o with { ImageSize = ByteCounts.Parse("image-size", v) }),
            new("ring-size", "BYTES", "The ring buffer for it, a power of two from 64 KiB on; without it the smallest that has room.",
                (o, v) => o with { RingSize = ByteCounts.Parse("ring-size", v) }),
            new("include", "FOLDER", "A folder with further headers.", (o, v) => o with { Includes = o.Includes.Add(v) }, repeatable: true),
            new("clang", "PROGRAM", "The compiler; 14, 16 and 19 are known to work.", (o, v) => o with { Clang = v },
                defaultValue: "clang"),
            new("bpftool", "PROGRAM", "The skeleton generator; 7.1 and 7.5 are known to work.", (o, v) => o with { BpfTool = v },
                defaultValue: "bpftool"),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign bpf compile --parser zboot --abi v6 -o zboot.o",
                "The built-in parser for zboot images, to be put into one with 'bpf embed'."),
            new("kexecsign bpf compile --parser uki --abi v7 --image-size 200M -o uki.o",
                "A parser for UKIs whose initrds take up to 200 MiB."),
            new("kexecsign bpf compile mine.bpf.c --abi v6 --clang clang-19 -o mine.o", "A parser of your own."),
        ],
    };

    private static BpfCompileResult Run(BpfCompileOptions options, RunContext context)
    {
        string output = options.Output ?? throw OperationErrors.OptionMissing.With("bpf compile", new NamedOption("o"));
        ParserSeries series = ParserSeries.Named(OptionValues.Choice(
            "abi", options.Abi ?? throw OperationErrors.OptionMissing.With("bpf compile", new NamedOption("abi")), ParserSeries.Words))!;
        if (options.Source is null == options.Parser is null)
            throw OperationErrors.ParserSource.With(options.Source is null ? "none is" : "both are");
        using WorkFolder work = WorkFolder.Open();
        BuiltInParsers.Write(work, options.Parser, context.Cancellation);
        string source = options.Source ?? work.File(BuiltInParsers.SourceOf(options.Parser!));
        if (!File.Exists(source))
            throw OperationErrors.InputMissing.With().In(source);
        LightSkeleton skeleton = Compiler(options, series).Compile(source, work, context);

        byte[] bytes = BytecodeObject.Write(skeleton);
        InspectedParser parser = Judged(bytes, series.Abi);
        string[] inputs = options.Source is null ? [] : [options.Source];
        WrittenFile written = WrittenFile.Write(Layout.Of(bytes), output, inputs, context);
        return new(output, written.Size, written.Sha256, parser);
    }

    private static ParserCompiler Compiler(BpfCompileOptions options, ParserSeries series)
    {
        if (options.RingSize is { } ring && (ring is < SmallestRing or > LargestRing || !long.IsPow2(ring)))
            throw OperationErrors.RingSize.With(ring, SmallestRing, LargestRing);
        return new(
            series.Number,
            new(options.Clang, "compile the parser", "clang"),
            new(options.BpfTool, "make the light skeleton", "bpftool") { AlsoIn = ["/usr/sbin"] })
        {
            Macros =
            [
                .. options.ImageSize is { } size ? [Macro("IMAGE_SIZE", size)] : (string[])[],
                .. options.RingSize is { } bytes ? [Macro("RINGBUF1_SIZE", bytes)] : (string[])[],
            ],
            Includes = options.Includes,
        };
    }

    private static InspectedParser Judged(byte[] bytes, ParserAbi abi)
    {
        ParserObject parser = ParserObject.Parse(bytes);
        InspectedParser inspected = InspectedParser.Of("", parser, (parser.Abi & abi) != 0 ? abi : parser.Abi, abi);
        ImmutableArray<ParserFinding> breaks = [.. inspected.Findings.Where(f => f.Breaks)];
        return breaks.IsEmpty ? inspected : throw OperationErrors.ParserBreaksContract.With(ParserSeries.Name(abi), breaks.Length,
            breaks[0].Message);
    }

    private static string Macro(string name, long value) => name + "=" + value.ToString(CultureInfo.InvariantCulture);
}
