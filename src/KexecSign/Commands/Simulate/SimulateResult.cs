using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Formats.Bpf;
using KexecSign.Parsers;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Commands.Simulate;

/// <summary>Something that the simulated kernel ended up with.</summary>
/// <param name="File">Where it was written; null when it was not.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
public sealed record SimulatedPart(string? File, long Size, string Sha256);

/// <summary>Why the simulated kernel came to no result, or to a wrong one.</summary>
/// <param name="Code">KS code.</param>
/// <param name="Reason">What was found.</param>
/// <param name="Mend">What to do about it.</param>
/// <param name="Program">Program it happened in; null when it was none.</param>
/// <param name="Instruction">Number of the instruction.</param>
/// <param name="Disassembly">The instruction.</param>
/// <param name="Source">File, line and text.</param>
public sealed record SimulatedFault(
    string Code, string Reason, string Mend, string? Program, int? Instruction, string? Disassembly, string? Source);

/// <summary>Result of <c>simulate</c>.</summary>
public sealed record SimulateResult : OperationResult
{
    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>Series of the simulated kernel.</summary>
    public required ParserAbi Abi { get; init; }

    /// <summary>Bytes of its pages.</summary>
    public required int PageSize { get; init; }

    /// <summary>Whether a kernel came out, and the packed one where that is known.</summary>
    public bool Succeeded => Fault is null;

    /// <summary>What kexec_file_load would return.</summary>
    public required string Errno { get; init; }

    /// <summary>Why not.</summary>
    public SimulatedFault? Fault { get; init; }

    /// <summary>The kernel.</summary>
    public SimulatedPart? Kernel { get; init; }

    /// <summary>SHA-256 of the kernel that is packed in the image; null when it is not known.</summary>
    public string? PackedSha256 { get; init; }

    /// <summary>The initrd.</summary>
    public SimulatedPart? Initrd { get; init; }

    /// <summary>The command line.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Parsers that gave something, outermost first.</summary>
    public required ImmutableArray<string> Parsers { get; init; }

    /// <summary>Instructions that they took.</summary>
    public required long Instructions { get; init; }

    /// <summary>What differs from the contract without harm.</summary>
    public required ImmutableArray<string> Notes { get; init; }

    /// <summary>What happened, in order.</summary>
    public required ImmutableArray<TraceEvent> Trace { get; init; }

    /// <inheritdoc/>
    public override ExitCode Exit => Succeeded ? ExitCode.Done : ExitCode.VerificationFailed;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Succeeded ? $"{File}: the parser gives the kernel" : $"{File}: NO kernel for series {ParserSeries.Name(Abi)}",
        [
            ReportTable.Fields("",
                ("series", $"{ParserSeries.Name(Abi)}, pages of {PageSize} bytes"),
                ("parsers", Parsers.IsEmpty ? null : string.Join(", then ", Parsers)),
                ("kexec_file_load", Errno),
                ("why", Fault is null ? null : $"{Fault.Code}: {Fault.Reason}"),
                ("where", Fault?.Program is null
                    ? null
                    : string.Create(CultureInfo.InvariantCulture,
                        $"{Fault.Program} instruction {Fault.Instruction} '{Fault.Disassembly}'")),
                ("source", Fault?.Source),
                ("mend", Fault?.Mend),
                ("kernel", Show(Kernel)),
                ("packed kernel", PackedSha256 is null ? null : $"sha256 {PackedSha256}{(Succeeded ? ", the same" : "")}"),
                ("initrd", Show(Initrd)),
                ("command line", CommandLine)),
            new("trace", ["level", "who", "what"],
                [.. Trace.Select(e => ImmutableArray.Create(e.Level.ToString(CultureInfo.InvariantCulture), e.Who, e.What))]),
        ],
        Notes);

    private static string? Show(SimulatedPart? part) =>
        part is null ? null : $"{part.File}{(part.File is null ? "" : ", ")}{part.Size} bytes, sha256 {part.Sha256}";
}
