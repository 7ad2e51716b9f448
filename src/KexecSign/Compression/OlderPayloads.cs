using System.Buffers.Binary;
using System.Runtime.InteropServices;
using KexecSign.Formats.Layouts;

namespace KexecSign.Compression;

/// <summary>
/// The four compressions that only kernels before 6.14 wrap (drivers/firmware/efi/libstub/Makefile.zboot of 6.1): read and
/// never written.
/// </summary>
internal static partial class OlderPayloads
{
    // Dictionaries of kernels are up to 128 MiB (scripts/xz_wrap.sh); liblzma takes a little more.
    private const ulong MemoryLimit = 256UL << 20;
    private const int LegacyBlock = 8 << 20, LzopBlock = 64 << 20;
    private const uint LegacyMagic = 0x184C2102;

    public delegate void Taker(ReadOnlySpan<byte> bytes);

    /// <summary>Unpacks xz (one stream) or lzma (the old format with a 13-byte header).</summary>
    /// <exception cref="InvalidDataException">It cannot be unpacked.</exception>
    public static unsafe void Lzma(Layout payload, bool xz, Taker take)
    {
        // The library keeps the address of nothing in it, but the compiler may not move it while it is used.
        LibLzma.State state = default;
        Check(xz ? LibLzma.OpenXz(ref state, MemoryLimit, 0) : LibLzma.OpenLzma(ref state, MemoryLimit));
        try
        {
            byte[] inBuffer = new byte[1 << 18], outBuffer = new byte[1 << 18];
            long at = 0;
            int answer = LibLzma.Ok;
            fixed (byte* inBytes = inBuffer, outBytes = outBuffer)
            {
                while (answer != LibLzma.StreamEnd)
                {
                    if (state.InputLeft == 0 && at < payload.Length)
                    {
                        int count = (int)Math.Min(inBuffer.Length, payload.Length - at);
                        payload.Read(at, inBuffer.AsSpan(0, count));
                        at += count;
                        state.Input = (nint)inBytes;
                        state.InputLeft = (nuint)count;
                    }
                    state.Output = (nint)outBytes;
                    state.OutputLeft = (nuint)outBuffer.Length;
                    answer = LibLzma.Code(ref state, at == payload.Length ? LibLzma.Finish : LibLzma.Run);
                    if (answer != LibLzma.StreamEnd)
                        Check(answer);
                    take(outBuffer.AsSpan(0, outBuffer.Length - (int)state.OutputLeft));
                }
            }
        }
        finally
        {
            LibLzma.End(ref state);
        }
    }

    /// <summary>Unpacks what <c>lz4 -l</c> writes: a magic number, then blocks of 8 MiB with a u32 length before each.</summary>
    /// <exception cref="InvalidDataException">It cannot be unpacked.</exception>
    public static unsafe void Lz4(Layout payload, Taker take)
    {
        if (UInt32(payload, 0, "magic") != LegacyMagic)
            throw new InvalidDataException("it does not begin with the magic number of lz4's legacy format");
        byte[] unpacked = new byte[LegacyBlock];
        for (long at = 4; at < payload.Length;)
        {
            uint length = UInt32(payload, at, "block length");
            at += 4;
            if (length == LegacyMagic)
                continue;
            byte[] block = Block(payload, at, length, LegacyBlock + (LegacyBlock >> 7) + 16);
            at += length;
            int count;
            fixed (byte* from = block, to = unpacked)
                count = Lz4Decompress(from, to, block.Length, unpacked.Length);
            if (count < 0)
                throw new InvalidDataException($"the lz4 block that ends at 0x{at:x} is broken");
            take(unpacked.AsSpan(0, count));
        }
    }

    /// <summary>Unpacks what lzop writes (lzop.c; numbers are big-endian).</summary>
    /// <exception cref="InvalidDataException">It cannot be unpacked.</exception>
    public static unsafe void Lzo(Layout payload, Taker take)
    {
        (long at, uint flags) = LzopHeader(payload);
        while (true)
        {
            uint size = BigUInt32(payload, at);
            if (size == 0)
                return;
            uint packedSize = BigUInt32(payload, at + 4);
            at += 8;
            // Checksums of the unpacked bytes, then of the packed ones where these differ.
            at += 4 * ((flags & 1) + ((flags >> 8) & 1));
            if (packedSize < size)
                at += 4 * (((flags >> 1) & 1) + ((flags >> 9) & 1));
            if (size > LzopBlock || packedSize > size)
                throw new InvalidDataException($"an lzop block at 0x{at:x} of 0x{packedSize:x} bytes claims 0x{size:x}");
            byte[] block = Block(payload, at, packedSize, LzopBlock);
            at += packedSize;
            if (packedSize == size)
            {
                take(block);
                continue;
            }
            byte[] unpacked = new byte[size];
            nuint count = size;
            int answer;
            fixed (byte* from = block, to = unpacked)
                answer = LzoDecompress(from, (nuint)block.Length, to, ref count, 0);
            if (answer != 0 || count != size)
                throw new InvalidDataException($"the lzop block that ends at 0x{at:x} is broken");
            take(unpacked);
        }
    }

    private static (long Body, uint Flags) LzopHeader(Layout payload)
    {
        ReadOnlySpan<byte> magic = [0x89, (byte)'L', (byte)'Z', (byte)'O', 0, 13, 10, 26, 10];
        byte[] head = payload.ReadBytes(0, Math.Min(payload.Length, 64));
        if (head.Length < 38 || !head.AsSpan().StartsWith(magic))
            throw new InvalidDataException("it does not begin with the magic number of lzop");
        // Version, library, version needed, method, level: 8 bytes; then flags, mode, two halves of a time, the name's length.
        if (BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(9)) < 0x0940)
            throw new InvalidDataException("it was written by an lzop older than 0.94");
        uint flags = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(17));
        if ((flags & 0x840) != 0)
            throw new InvalidDataException("it has lzop's filter or extra field, which no kernel has");
        return (34L + head[33] + 4, flags);
    }

    private static byte[] Block(Layout payload, long at, uint length, int most) =>
        length == 0 || length > most || length > payload.Length - at
            ? throw new InvalidDataException($"a block at 0x{at:x} claims 0x{length:x} bytes")
            : payload.ReadBytes(at, length);

    private static uint UInt32(Layout payload, long at, string what) =>
        payload.Length - at < 4
            ? throw new InvalidDataException($"it ends in a {what}")
            : BinaryPrimitives.ReadUInt32LittleEndian(payload.ReadBytes(at, 4));

    private static uint BigUInt32(Layout payload, long at) =>
        payload.Length - at < 4
            ? throw new InvalidDataException("it ends without lzop's end mark")
            : BinaryPrimitives.ReadUInt32BigEndian(payload.ReadBytes(at, 4));

    private static void Check(int answer)
    {
        if (answer != LibLzma.Ok)
            throw new InvalidDataException(answer switch
            {
                5 => "liblzma is out of memory",
                6 => $"it needs more than 0x{MemoryLimit:x} bytes of memory",
                7 => "it is in no format that liblzma knows",
                10 => "the stream is not complete",
                _ => $"liblzma says that it is broken ({answer})",
            });
    }

    [LibraryImport("liblz4.so.1", EntryPoint = "LZ4_decompress_safe")]
    private static unsafe partial int Lz4Decompress(byte* from, byte* to, int length, int room);

    [LibraryImport("liblzo2.so.2", EntryPoint = "lzo1x_decompress_safe")]
    private static unsafe partial int LzoDecompress(byte* from, nuint length, byte* to, ref nuint room, nint work);
}
