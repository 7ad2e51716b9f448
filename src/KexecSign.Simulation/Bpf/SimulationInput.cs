using KexecSign.Formats.Bpf;

namespace KexecSign.Simulation.Bpf;

/// <summary>What kexec_file_load is called with, and the kernel that it is called in.</summary>
public sealed record SimulationInput
{
    /// <summary>The kernel's series.</summary>
    public required ParserAbi Abi { get; init; }

    /// <summary>File of kernel_fd: an image with a .bpf section (v5, v6), or a parser ELF (v7).</summary>
    public required ReadOnlyMemory<byte> Kernel { get; init; }

    /// <summary>File of initrd_fd: an initrd (v5, v6), or the image or envelope that the parsers take apart (v7).</summary>
    public ReadOnlyMemory<byte>? Initrd { get; init; }

    /// <summary>Command line that the caller gives; null for none. v7 takes none.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Bytes of a page of the kernel: 4096, 16384 or 65536.</summary>
    public int PageSize { get; init; } = 4096;
}
