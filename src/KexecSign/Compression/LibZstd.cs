using System.Globalization;
using System.Runtime.InteropServices;

namespace KexecSign.Compression;

/// <summary>The machine's libzstd, which the kernel's own build uses through the zstd program.</summary>
internal sealed partial class LibZstd : Zstd
{
    public const string Library = "libzstd.so.1";

    private LibZstd()
    {
    }

    /// <summary>Null where the machine has none.</summary>
    public static LibZstd? Found { get; } = NativeLibrary.TryLoad(Library, typeof(LibZstd).Assembly, null, out _) ? new() : null;

    public override string Name
    {
        get
        {
            uint number = VersionNumber();
            return string.Create(CultureInfo.InvariantCulture, $"libzstd {number / 10000}.{number / 100 % 100}.{number % 100}");
        }
    }

    public override nint CreateCompressor() => CreateCCtx();

    public override nuint FreeCompressor(nint context) => FreeCCtx(context);

    public override nuint SetParameter(nint context, int parameter, int value) => SetCCtxParameter(context, parameter, value);

    public override nuint SetPledgedSourceSize(nint context, ulong size) => SetCCtxPledgedSize(context, size);

    public override nuint CompressStream(nint context, ref Buffer output, ref Buffer input, int operation) =>
        CompressStream2(context, ref output, ref input, operation);

    public override long Consumed(nint context) => (long)GetFrameProgression(context).Consumed;

    public override nint CreateDecompressor() => CreateDCtx();

    public override nuint FreeDecompressor(nint context) => FreeDCtx(context);

    public override nuint DecompressStream(nint context, ref Buffer output, ref Buffer input) =>
        DecompressDCtx(context, ref output, ref input);

    public override bool IsError(nuint code) => IsErrorCode(code) != 0;

    public override string ErrorName(nuint code) => Marshal.PtrToStringUTF8(GetErrorName(code)) ?? "unknown error";

    [LibraryImport(Library, EntryPoint = "ZSTD_versionNumber")]
    private static partial uint VersionNumber();

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    private static partial nint CreateCCtx();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    private static partial nuint FreeCCtx(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    private static partial nuint SetCCtxParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setPledgedSrcSize")]
    private static partial nuint SetCCtxPledgedSize(nint context, ulong size);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressStream2")]
    private static partial nuint CompressStream2(nint context, ref Buffer output, ref Buffer input, int operation);

    [LibraryImport(Library, EntryPoint = "ZSTD_getFrameProgression")]
    private static partial FrameProgression GetFrameProgression(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    private static partial nint CreateDCtx();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    private static partial nuint FreeDCtx(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    private static partial nuint DecompressDCtx(nint context, ref Buffer output, ref Buffer input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsErrorCode(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint GetErrorName(nuint code);

    // ZSTD_frameProgression.
    [StructLayout(LayoutKind.Sequential)]
    private struct FrameProgression
    {
        public ulong Ingested;
        public ulong Consumed;
        public ulong Produced;
        public ulong Flushed;
        public uint CurrentJob;
        public uint ActiveWorkers;
    }
}
