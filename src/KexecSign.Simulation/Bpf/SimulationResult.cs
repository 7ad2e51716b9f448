using System.Collections.Immutable;
using KexecSign.Simulation.Answers;

namespace KexecSign.Simulation.Bpf;

/// <summary>Something that happened, in order.</summary>
/// <param name="Level">Depth of nesting, from 1.</param>
/// <param name="Who">The program, or <c>kernel</c>.</param>
/// <param name="What">What it did.</param>
public sealed record TraceEvent(int Level, string Who, string What);

/// <summary>What a kernel would come to.</summary>
public sealed record SimulationResult
{
    /// <summary>The kernel that would be loaded; null after a fault.</summary>
    public ReadOnlyMemory<byte>? Kernel { get; init; }

    /// <summary>The initrd; null when neither parsers nor caller gave one.</summary>
    public ReadOnlyMemory<byte>? Initrd { get; init; }

    /// <summary>The command line with its NUL; null when neither parsers nor caller gave one.</summary>
    public ReadOnlyMemory<byte>? CommandLine { get; init; }

    /// <summary>Why there is no result.</summary>
    public BpfFault? Fault { get; init; }

    /// <summary>What kexec_file_load returns; <see cref="KernelErrno.None"/> when all went well.</summary>
    public KernelErrno Errno { get; init; } = KernelErrno.None;

    /// <summary>Parsers that gave something, outermost first.</summary>
    public ImmutableArray<string> Parsers { get; init; } = [];

    /// <summary>What happened.</summary>
    public ImmutableArray<TraceEvent> Trace { get; init; } = [];

    /// <summary>What differs from the contract without harm.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>BPF instructions that were run, loaders not counted.</summary>
    public long Instructions { get; init; }
}
