using System.Runtime.InteropServices;

namespace KexecSign.Compression;

/// <summary>liblzma of XZ Utils: payloads that kernels before 6.14 call <c>xzkern</c> and <c>lzma</c>.</summary>
internal static partial class LibLzma
{
    public const int Run = 0, Finish = 3;
    public const int Ok = 0, StreamEnd = 1;

    private const string Library = "liblzma.so.5";

    [LibraryImport(Library, EntryPoint = "lzma_stream_decoder")]
    public static partial int OpenXz(ref State state, ulong memoryLimit, uint flags);

    [LibraryImport(Library, EntryPoint = "lzma_alone_decoder")]
    public static partial int OpenLzma(ref State state, ulong memoryLimit);

    [LibraryImport(Library, EntryPoint = "lzma_code")]
    public static partial int Code(ref State state, int action);

    [LibraryImport(Library, EntryPoint = "lzma_end")]
    public static partial void End(ref State state);

    /// <summary>lzma_stream: 136 bytes, of which the library's own must not move between calls.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 136)]
    public struct State
    {
        public nint Input;
        public nuint InputLeft;
        public ulong TotalIn;
        public nint Output;
        public nuint OutputLeft;
        public ulong TotalOut;
        public nint Allocator;
        public nint Internal;
    }
}
