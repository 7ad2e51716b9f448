using System.Globalization;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Parsers;

/// <summary>What a kernel of a series is given, besides the file.</summary>
internal sealed record SimulationRequest
{
    /// <summary>Series; null for that of the file's parser.</summary>
    public KexecBpfAbi? Abi { get; init; }

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
internal sealed record SimulationOutcome(KexecBpfAbi Abi, int PageSize, SimulationResult Result, string? PackedSha256);

/// <summary>Runs the parsers of a file, and holds the kernel that they give against the one that is packed.</summary>
internal static class ParserSimulation
{
    // What fits into one array; kernels read up to 4 GiB.
    private const long MaxLength = 1L << 30;

    private const ushort Arm64 = 0xAA64, LoongArch64 = 0x6264;

    /// <summary>Simulates.</summary>
    /// <exception cref="KexecSignException">KS3650-KS3654; a refusal by the simulated kernel is none.</exception>
    public static SimulationOutcome Run(Layout file, SimulationRequest request, RunContext context)
    {
        KexecBpfAbi abi = SeriesOf(file, request);
        Layout image = request.Image ?? file;
        int pageSize = request.PageSize ?? LargestPage(image);
        using IRunStep step = context.Log.Step($"run the parser ({abi.ToString().ToLowerInvariant()})");
        SimulationResult result = KexecBpfSimulator.Run(
            new()
            {
                Abi = abi,
                Kernel = ReadAll(file),
                Initrd = abi == KexecBpfAbi.V7 ? ReadAll(image) : request.Initrd is null ? null : (ReadOnlyMemory<byte>?)ReadAll(request.Initrd),
                CommandLine = request.CommandLine,
                PageSize = pageSize,
            },
            new KernelDecompressor(context.Cancellation));
        string? packed = null;
        if (result.Kernel is { } kernel && PackedKernel.Compare(image, kernel, context, out packed) is { } other)
            result = result with { Fault = other, Errno = KernelErrno.None };
        return new(abi, pageSize, result, packed);
    }

    private static KexecBpfAbi SeriesOf(Layout file, SimulationRequest request)
    {
        byte[] head = file.ReadBytes(0, Math.Min(file.Length, 4096));
        if (Elf64File.LooksLikeElf64(head))
        {
            if (request.Abi is { } other and not KexecBpfAbi.V7)
                throw OperationErrors.SimulatedOtherSeries.With(Name(other), "images with a .bpf section", "an ELF file");
            if (request.Image is null)
                throw OperationErrors.SimulatedWithoutImage.With();
            return KexecBpfAbi.V7;
        }
        if (!PeReader.LooksLikePe(head))
            throw OperationErrors.NothingToSimulate.With();
        if (request.Image is not null)
            throw OperationErrors.SimulatedTwice.With();
        if (request.Abi is { } abi)
            return abi == KexecBpfAbi.V7 ? throw OperationErrors.SimulatedOtherSeries.With("v7", "parser ELFs", "an image") : abi;
        PeImage image = PeReader.Read(file);
        if (image.FindSection(ParserSection.Name) is null)
            throw VerifyErrors.NoParser.With();
        // v7 keeps parsers out of the image, so whatever is inside one was put there for v6.
        return ParserObject.Parse(ParserSection.Extract(image, file)).Abi == ParserAbi.V5 ? KexecBpfAbi.V5 : KexecBpfAbi.V6;
    }

    // A ring buffer that pages of 64 KiB allow, smaller pages allow too.
    private static int LargestPage(Layout image)
    {
        byte[] head = image.ReadBytes(0, Math.Min(image.Length, 4096));
        return !PeReader.LooksLikePe(head) || PeReader.Read(image).Machine is Arm64 or LoongArch64 ? 65536 : 4096;
    }

    private static byte[] ReadAll(Layout file) =>
        file.Length <= MaxLength ? file.ReadBytes(0, file.Length) : throw OperationErrors.SimulatedTooLarge.With(file.Length, MaxLength);

    /// <summary>A series as people write it.</summary>
    public static string Name(KexecBpfAbi abi) => abi.ToString().ToLower(CultureInfo.InvariantCulture);
}
