using System.Runtime.InteropServices;

namespace KexecSign.Compression;

/// <summary>libzstd, the library that the kernel's own build uses through the zstd program.</summary>
internal static partial class LibZstd
{
    public const int CompressionLevel = 100;
    public const int WindowLog = 101;
    public const int HashLog = 102;
    public const int ChainLog = 103;
    public const int EnableLongMatches = 160;
    public const int LongMatchHashLog = 161;
    public const int LongMatchLength = 162;
    public const int LongMatchBucketLog = 163;
    public const int LongMatchRateLog = 164;
    public const int ChecksumFlag = 201;
    public const int Workers = 400;
    public const int JobSize = 401;
    public const int OverlapLog = 402;
    public const int EndOperation = 2;
    public const int ContinueOperation = 0;

    private const string Library = "libzstd.so.1";

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    public static partial nint CreateCompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreeCompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setPledgedSrcSize")]
    public static partial nuint SetPledgedSourceSize(nint context, ulong size);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressStream2")]
    public static partial nuint CompressStream(nint context, ref Buffer output, ref Buffer input, int operation);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial nint CreateDecompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint DecompressStream(nint context, ref Buffer output, ref Buffer input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint GetErrorName(nuint code);

    /// <summary>The library's words for an error code.</summary>
    public static string ErrorName(nuint code) => Marshal.PtrToStringUTF8(GetErrorName(code)) ?? "unknown error";

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public nint Start;
        public nuint Size;
        public nuint Position;
    }
}
