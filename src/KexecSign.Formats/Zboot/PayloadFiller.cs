using System.Buffers.Binary;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Zboot;

/// <summary>
/// Makes a compressed stream exactly as long as the room of another one, without a byte that is not part of the stream:
/// the stub's code holds the address of the room's end and reads the uncompressed length there, and readers of the header
/// find a clean member or frame as in any other image.
/// </summary>
public static class PayloadFiller
{
    private const int GzipHeaderSize = 10;
    private const int SkippableHeaderSize = 8;
    private const uint SkippableMagic = 0x184D2A50;

    /// <summary>Fills a stream up.</summary>
    /// <param name="stream">A gzip member with a 10-byte header, or zstd frames; without a length behind.</param>
    /// <param name="compression">Which of them.</param>
    /// <param name="room">Bytes to be filled; not less than the stream's length.</param>
    /// <returns>Null when the difference is one that no filler has: 1, 2, 3, 4, 8 or 9 bytes for gzip, 1 to 7 for zstd.</returns>
    public static Layout? Fill(Layout stream, ZbootCompression compression, long room)
    {
        long missing = room - stream.Length;
        ArgumentOutOfRangeException.ThrowIfNegative(missing, nameof(room));
        if (missing == 0)
            return stream;
        return compression switch
        {
            ZbootCompression.Gzip => EmptyBlocks(missing) is not { } blocks ? null
                : stream.Slice(0, GzipHeaderSize).Append(blocks).Append(stream.Slice(GzipHeaderSize, stream.Length - GzipHeaderSize)),
            ZbootCompression.Zstd => missing < SkippableHeaderSize ? null
                : stream.Append(SkippableHeader(missing)).AppendZeros(missing - SkippableHeaderSize),
        };
    }

    // RFC 8878 3.1.2: u32 magic, u32 length of what follows; decoders skip it.
    private static byte[] SkippableHeader(long length)
    {
        byte[] header = new byte[SkippableHeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, SkippableMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), checked((uint)(length - SkippableHeaderSize)));
        return header;
    }

    // RFC 1951 3.2.4 and 3.2.6: deflate blocks that hold nothing, in front of the stream's own. A stored block takes 5 bytes;
    // with one empty block of fixed codes (10 bits) before it 6, with two of them 7.
    private static byte[]? EmptyBlocks(long length)
    {
        for (int sevens = 0; sevens <= 2; sevens++)
        {
            long rest = length - 7 * sevens, sixes = rest % 5;
            if (rest < 0 || rest < 6 * sixes)
                continue;
            byte[] blocks = new byte[length];
            int at = 0;
            for (int i = 0; i < sevens; i++)
                at += Put(blocks, at, [0x02, 0x08, 0x00, 0x00, 0x00, 0xFF, 0xFF]);
            for (int i = 0; i < sixes; i++)
                at += Put(blocks, at, [0x02, 0x00, 0x00, 0x00, 0xFF, 0xFF]);
            while (at < blocks.Length)
                at += Put(blocks, at, [0x00, 0x00, 0x00, 0xFF, 0xFF]);
            return blocks;
        }
        return null;
    }

    private static int Put(byte[] blocks, int at, ReadOnlySpan<byte> block)
    {
        block.CopyTo(blocks.AsSpan(at));
        return block.Length;
    }
}
