using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;
using KexecSign.Images;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Parsers;

/// <summary>What a kernel of a series is given, besides the file.</summary>
internal sealed record SimulationRequest
{
    /// <summary>Series; null for that of the file's parser.</summary>
    public ParserAbi? Abi { get; init; }

    /// <summary>The image that a parser ELF takes apart; null when the file is an image itself.</summary>
    public Layout? Image { get; init; }

    /// <summary>The caller's initrd.</summary>
    public Layout? Initrd { get; init; }

    /// <summary>The caller's command line.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Bytes of a page; null for the largest that the image's architecture has.</summary>
    public int? PageSize { get; init; }
}

/// <summary>A simulation, with what it was of.</summary>
/// <param name="Abi">The series.</param>
/// <param name="PageSize">Bytes of a page.</param>
/// <param name="Result">What the kernel would come to; a kernel that is not the packed one counts as a fault.</param>
/// <param name="PackedSha256">SHA-256 of the kernel that is packed; null when it was not looked for.</param>
internal sealed record SimulationOutcome(ParserAbi Abi, int PageSize, SimulationResult Result, string? PackedSha256);

/// <summary>Runs the parsers of a file, and holds the kernel that they give against the one that is packed.</summary>
internal static class ParserSimulation
{
    // What fits into one array; kernels read up to 4 GiB.
    private const long MaxLength = 1L << 30;

    private const int SmallestPage = 4096, LargestOfAll = 65536;

    /// <summary>Simulates.</summary>
    /// <exception cref="KexecSignException">KS3650-KS3654; a refusal by the simulated kernel is none.</exception>
    public static SimulationOutcome Run(Layout file, SimulationRequest request, RunContext context)
    {
        ParserSeries series = SeriesOf(file, request);
        Layout image = request.Image ?? file;
        int pageSize = request.PageSize ?? LargestPage(image);
        using IRunStep step = context.Log.Step($"run the parser ({series.Word})");
        SimulationResult result = KexecBpfSimulator.Run(
            new()
            {
                Abi = series.Abi,
                Kernel = ReadAll(file),
                Initrd = series.Carrier switch
                {
                    ParserCarrier.ParserElf => ReadAll(image),
                    ParserCarrier.ImageSection => request.Initrd is null ? null : (ReadOnlyMemory<byte>?)ReadAll(request.Initrd),
                },
                CommandLine = request.CommandLine,
                PageSize = pageSize,
            },
            new KernelDecompressor(context.Cancellation));
        string? packed = null;
        if (result.Kernel is { } kernel && PackedKernel.Compare(image, kernel, context, out packed) is { } other)
            result = result with { Fault = other, Errno = KernelErrno.None };
        return new(series.Abi, pageSize, result, packed);
    }

    private static ParserSeries SeriesOf(Layout file, SimulationRequest request)
    {
        var known = KnownImage.Of(file);
        if (known.Kind == ImageKind.Elf)
        {
            if (Asked(request) is { } other and not { Carrier: ParserCarrier.ParserElf })
                throw OperationErrors.SimulatedOtherSeries.With(other.Word, "images with a .bpf section", "an ELF file");
            if (request.Image is null)
                throw OperationErrors.SimulatedWithoutImage.With();
            return Asked(request) ?? Latest(ParserCarrier.ParserElf,
                () => ParserObject.Parse(ParserElf.ReadAll(ReadAll(file))[0].Parsers[0]).Abi);
        }
        if (!known.IsPe)
            throw OperationErrors.NothingToSimulate.With();
        if (request.Image is not null)
            throw OperationErrors.SimulatedTwice.With();
        if (Asked(request) is { } asked)
        {
            return asked.Carrier switch
            {
                ParserCarrier.ImageSection => asked,
                ParserCarrier.ParserElf => throw OperationErrors.SimulatedOtherSeries.With(asked.Word, "parser ELFs", "an image"),
            };
        }
        PeImage image = PeReader.Read(file);
        if (image.FindSection(ParserSection.Name) is null)
            throw VerifyErrors.NoParser.With();
        return Latest(ParserCarrier.ImageSection, () => ParserObject.Parse(ParserSection.Extract(image, file)).Abi);
    }

    private static ParserSeries? Asked(SimulationRequest request) =>
        request.Abi is { } abi && ParserSeries.In(abi) is [.., var asked] ? asked : null;

    // Of those whose kernels would find the parser there. Where its bytes do not tell, or tell of a series that keeps parsers
    // elsewhere, the latest: it was put there for one of these.
    private static ParserSeries Latest(ParserCarrier carrier, Func<ParserAbi> detect)
    {
        ImmutableArray<ParserSeries> series = ParserSeries.In(ParserSeries.Of(carrier));
        if (series.Length == 1)
            return series[0];
        ParserAbi abi = detect();
        return series.LastOrDefault(s => (s.Abi & abi) != 0) ?? series[^1];
    }

    // A ring buffer that pages of 64 KiB allow, smaller pages allow too.
    private static int LargestPage(Layout image) =>
        KnownImage.Of(image).IsPe ? ArchitectureFacts.OfPe(PeReader.Read(image).Machine)?.LargestPage ?? SmallestPage : LargestOfAll;

    private static byte[] ReadAll(Layout file) =>
        file.Length <= MaxLength ? file.ReadBytes(0, file.Length) : throw OperationErrors.SimulatedTooLarge.With(file.Length, MaxLength);
}
