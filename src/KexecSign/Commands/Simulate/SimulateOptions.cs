using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Commands.Simulate;

/// <summary>Options of <c>simulate</c>.</summary>
public sealed record SimulateOptions
{
    /// <summary>An image with a .bpf section, or a parser ELF.</summary>
    public string File { get; init; } = "";

    /// <summary>What a parser ELF takes apart.</summary>
    public string? Image { get; init; }

    /// <summary>Series of the kernel; null for that of the parser.</summary>
    public ParserAbi? Abi { get; init; }

    /// <summary>The caller's initrd.</summary>
    public string? Initrd { get; init; }

    /// <summary>The caller's command line.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Bytes of a page; null for the largest of the image's architecture.</summary>
    public int? PageSize { get; init; }

    /// <summary>Folder for the results; null when only the verdict is wanted.</summary>
    public string? Output { get; init; }
}
