using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Formats.Zboot;

/// <summary>Finds a zboot payload by its own first bytes, where the header does not lead to it any more.</summary>
internal static class PayloadTraces
{
    // The stub's code, which comes first, takes some ten KiB (drivers/firmware/efi/libstub/zboot.lds).
    private const long SearchLength = 1 << 20;

    // Of the payload in its section (zboot.lds).
    private const int PayloadAlignment = 8;

    private const int BlocksToFollow = 4, MagicSize = 4;

    // RFC 8878 3.1.1.2; lz4's legacy frames hold 8 MiB a block, and what does not compress takes a little more.
    private const int ZstdBlockHeader = 3, Lz4BlockHeader = 4;
    private const uint MaxZstdBlock = 128 << 10, MaxLz4Block = (8 << 20) + (8 << 13) + 16;

    /// <summary>What begins at an offset; null for none that is known.</summary>
    public static string? At(Layout file, long offset)
    {
        if (offset < 0 || offset >= file.Length)
            return null;
        return Known(file.ReadBytes(offset, Math.Min(16, file.Length - offset)))?.MagicName;
    }

    /// <summary>
    /// Looks for a payload in the code section of an image for firmware. A decoder's code has magic numbers, too, so more is looked at.
    /// </summary>
    /// <returns>Its name and file offset; null when there is none.</returns>
    public static (string Name, long Offset)? Search(PeImage image, Layout file)
    {
        if (image.FindSection(".text") is not { } text || text.PointerToRawData >= file.Length
            || ArchitectureFacts.OfPe(image.Machine) is not { HasZboot: true })
            return null;
        byte[] code = file.ReadBytes(text.PointerToRawData,
            Math.Min(SearchLength, Math.Min(text.SizeOfRawData, file.Length - text.PointerToRawData)));
        for (int at = 0; at + 16 <= code.Length; at += PayloadAlignment)
        {
            if (Known(code.AsSpan(at)) is not { MagicName: { } name } format)
                continue;
            long offset = text.PointerToRawData + at;
            if (BlocksHold(format.Blocks, file, offset, Math.Min(text.RawEnd, file.Length)))
                return (name, offset);
        }
        return null;
    }

    /// <summary>
    /// The section that is loaded where the header says the payload is, when it lies elsewhere in the file and the payload is found there.
    /// </summary>
    public static (string Name, long Offset, PeSection Section)? Moved(PeImage image, Layout file, long stated)
    {
        PeSection? section = image.Sections.FirstOrDefault(s => stated >= s.VirtualAddress
            && stated < s.VirtualAddress + (long)s.SizeOfRawData);
        if (section is null || section.VirtualAddress == section.PointerToRawData || At(file, stated) is not null)
            return null;
        long offset = stated - section.VirtualAddress + section.PointerToRawData;
        return At(file, offset) is { } name ? (name, offset, section) : null;
    }

    // Some formats give each block's length before it, so four bytes of magic need not be trusted alone: the first blocks have to lie
    // in the section.
    private static bool BlocksHold(BlockLengths blocks, Layout file, long offset, long end) => blocks switch
    {
        BlockLengths.NotFollowed => true,
        BlockLengths.Zstd => ZstdBlocksHold(file, offset, end),
        BlockLengths.Lz4Legacy => Lz4BlockHolds(file, offset, end),
    };

    private static bool ZstdBlocksHold(Layout file, long offset, long end)
    {
        long at = offset + MagicSize + ZstdHeaderSize(file.ReadBytes(offset + MagicSize, 1)[0]);
        for (int block = 0; block < BlocksToFollow; block++)
        {
            if (at + ZstdBlockHeader > end)
                return false;
            uint value = BinaryPrimitives.ReadUInt32LittleEndian([.. file.ReadBytes(at, ZstdBlockHeader), 0]);
            uint length = value >> 3, kind = (value >> 1) & 3;
            // A block of one byte that is repeated has that byte.
            long stored = kind == 1 ? 1 : length;
            if (kind == 3 || length is 0 or > MaxZstdBlock || at + ZstdBlockHeader + stored > end)
                return false;
            if ((value & 1) != 0)
                return true;
            at += ZstdBlockHeader + stored;
        }
        return true;
    }

    // An lz4 payload of a small kernel has no more than one block, and nothing says which is the last.
    private static bool Lz4BlockHolds(Layout file, long offset, long end)
    {
        long at = offset + MagicSize;
        if (at + Lz4BlockHeader > end)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(file.ReadBytes(at, Lz4BlockHeader));
        return length is not 0 and <= MaxLz4Block && at + Lz4BlockHeader + length <= end;
    }

    // Descriptor, window, dictionary, content size (RFC 8878 3.1.1.1).
    private static int ZstdHeaderSize(byte descriptor)
    {
        bool single = (descriptor & 0x20) != 0;
        int content = (descriptor >> 6) switch { 0 => single ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        int dictionary = (descriptor & 3) switch { 3 => 4, int size => size };
        return 1 + (single ? 0 : 1) + dictionary + content;
    }

    private static PayloadFormat? Known(ReadOnlySpan<byte> bytes)
    {
        foreach (PayloadFormat format in PayloadFormat.All)
        {
            if (!format.Magic.IsEmpty && bytes.StartsWith(format.Magic.AsSpan()))
                return format;
        }
        return null;
    }
}
