using System.Runtime.InteropServices;

namespace KexecSign.Compression;

/// <summary>liblzma of XZ Utils: compressed modules, and payloads that kernels before 6.14 call <c>xzkern</c> and <c>lzma</c>.</summary>
internal static partial class LibLzma
{
    public const int Ok = 0, StreamEnd = 1, Run = 0, Finish = 3;

    /// <summary>
    /// LZMA_CONCATENATED: a file may be several streams; without it the decoder stops behind the first and says all is well.
    /// </summary>
    public const uint Concatenated = 0x08;

    // LZMA_FILTER_LZMA2, LZMA_VLI_UNKNOWN, LZMA_CHECK_CRC32 (the only check that the kernel's own decoder knows).
    private const ulong Lzma2 = 0x21, EndOfFilters = ulong.MaxValue;
    private const int Crc32 = 1;

    private const string Library = "liblzma.so.5";

    /// <summary>What the kernel's scripts/Makefile.modinst asks of xz: --check=crc32 --lzma2=dict=1MiB.</summary>
    public static unsafe int Encode(ReadOnlySpan<byte> input, Span<byte> output, out nuint written)
    {
        const uint preset = 6, dictionary = 1 << 20;
        // lzma_options_lzma is smaller than this, and begins with the dictionary's size.
        byte* options = stackalloc byte[512];
        new Span<byte>(options, 512).Clear();
        written = 0;
        if (Preset(options, preset) != 0)
            return -1;
        *(uint*)options = dictionary;
        Filter* filters = stackalloc Filter[2];
        filters[0] = new() { Id = Lzma2, Options = options };
        filters[1] = new() { Id = EndOfFilters };
        nuint at = 0;
        int answer;
        fixed (byte* from = input, to = output)
            answer = EncodeBuffer(filters, Crc32, 0, from, (nuint)input.Length, to, &at, (nuint)output.Length);
        written = at;
        return answer;
    }

    [LibraryImport(Library, EntryPoint = "lzma_stream_buffer_bound")]
    public static partial nuint Bound(nuint length);

    [LibraryImport(Library, EntryPoint = "lzma_stream_decoder")]
    public static partial int OpenXz(ref State state, ulong memoryLimit, uint flags);

    [LibraryImport(Library, EntryPoint = "lzma_alone_decoder")]
    public static partial int OpenLzma(ref State state, ulong memoryLimit);

    [LibraryImport(Library, EntryPoint = "lzma_code")]
    public static partial int Code(ref State state, int action);

    [LibraryImport(Library, EntryPoint = "lzma_end")]
    public static partial void End(ref State state);

    [LibraryImport(Library, EntryPoint = "lzma_lzma_preset")]
    private static unsafe partial byte Preset(byte* options, uint preset);

    [LibraryImport(Library, EntryPoint = "lzma_stream_buffer_encode")]
    private static unsafe partial int EncodeBuffer(
        Filter* filters, int check, nint allocator, byte* input, nuint inputSize, byte* output, nuint* outputPosition, nuint outputSize);

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

    private unsafe struct Filter
    {
        public ulong Id;
        public byte* Options;
    }
}
