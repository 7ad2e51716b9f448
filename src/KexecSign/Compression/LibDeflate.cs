using System.Runtime.InteropServices;

namespace KexecSign.Compression;

/// <summary>libdeflate: on kernels 1 to 4 % smaller than <c>gzip -9</c>, in a quarter of its time.</summary>
internal static partial class LibDeflate
{
    private const string Library = "libdeflate.so.0";

    [LibraryImport(Library, EntryPoint = "libdeflate_alloc_compressor")]
    public static partial nint AllocCompressor(int level);

    [LibraryImport(Library, EntryPoint = "libdeflate_free_compressor")]
    public static partial void FreeCompressor(nint compressor);

    [LibraryImport(Library, EntryPoint = "libdeflate_gzip_compress_bound")]
    public static partial nuint GzipCompressBound(nint compressor, nuint length);

    /// <summary>Returns the number of bytes written, 0 when they do not fit.</summary>
    [LibraryImport(Library, EntryPoint = "libdeflate_gzip_compress")]
    public static unsafe partial nuint GzipCompress(nint compressor, byte* input, nuint inputLength, byte* output, nuint outputLength);
}
