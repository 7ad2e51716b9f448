namespace KexecSign.Simulation.Bpf;

/// <summary>A compression that the kernel tells by the first two bytes (lib/decompress.c).</summary>
public enum KernelCompression
{
    /// <summary>1F 8B or 1F 9E.</summary>
    Gzip,

    /// <summary>42 5A.</summary>
    Bzip2,

    /// <summary>5D 00.</summary>
    Lzma,

    /// <summary>FD 37.</summary>
    Xz,

    /// <summary>89 4C.</summary>
    Lzo,

    /// <summary>02 21.</summary>
    Lz4,

    /// <summary>28 B5.</summary>
    Zstd,
}

/// <summary>What decompressing gave.</summary>
/// <param name="Output">The bytes; empty after an error.</param>
/// <param name="Error">What the kernel would log; null when all went well.</param>
public readonly record struct Decompressed(ReadOnlyMemory<byte> Output, string? Error);

/// <summary>
/// Decompresses as the kernel's decompressors do in kexec: in one go, without more input to come, what follows the stream ignored.
/// </summary>
public interface IKernelDecompressor
{
    /// <summary>Decompresses one stream.</summary>
    /// <param name="compression">Which.</param>
    /// <param name="input">The stream, and perhaps more behind it.</param>
    /// <param name="limit">Most bytes of output; more is an error.</param>
    Decompressed Decompress(KernelCompression compression, ReadOnlyMemory<byte> input, long limit);
}
