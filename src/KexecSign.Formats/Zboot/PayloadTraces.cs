using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Zboot;

/// <summary>Finds a zboot payload by its own first bytes, where the header does not lead to it any more.</summary>
internal static class PayloadTraces
{
    // The stub's code, which comes first, takes some ten KiB (drivers/firmware/efi/libstub/zboot.lds).
    private const long SearchLength = 1 << 20;

    // Of the payload in its section (zboot.lds).
    private const int PayloadAlignment = 8;

    private const int BlocksToFollow = 4;

    /// <summary>What a stream begins with: of gzip the ten bytes of <c>gzip -n</c> but its last two, of the others their magic numbers.</summary>
    private static readonly (string Name, byte[] Magic)[] Beginnings =
    [
        ("gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0]),
        ("zstd", [0x28, 0xB5, 0x2F, 0xFD]),
        ("xz", [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]),
        ("lzop", [0x89, (byte)'L', (byte)'Z', (byte)'O', 0, 13, 10, 26, 10]),
        ("lz4", [0x02, 0x21, 0x4C, 0x18]),
    ];

    /// <summary>What begins at an offset; null for none that is known.</summary>
    public static string? At(Layout file, long offset)
    {
        if (offset < 0 || offset >= file.Length)
            return null;
        return Name(file.ReadBytes(offset, Math.Min(16, file.Length - offset)));
    }

    /// <summary>Looks for a payload in the code section of an image for firmware. A decoder's code has magic numbers, too, so more is looked at.</summary>
    /// <returns>Its name and file offset; null when there is none.</returns>
    public static (string Name, long Offset)? Search(PeImage image, Layout file)
    {
        if (image.FindSection(".text") is not { } text || text.PointerToRawData >= file.Length || image.Machine is not (PeConstants.MachineArm64 or PeConstants.MachineRiscV64 or PeConstants.MachineLoongArch64))
            return null;
        byte[] code = file.ReadBytes(text.PointerToRawData, Math.Min(SearchLength, Math.Min(text.SizeOfRawData, file.Length - text.PointerToRawData)));
        for (int at = 0; at + 16 <= code.Length; at += PayloadAlignment)
        {
            if (Name(code.AsSpan(at)) is not { } name)
                continue;
            long offset = text.PointerToRawData + at;
            if (name is not ("zstd" or "lz4") || BlocksHold(name, file, offset, Math.Min(text.RawEnd, file.Length)))
                return (name, offset);
        }
        return null;
    }

    /// <summary>The section that is loaded where the header says the payload is, when it lies elsewhere in the file and the payload is found there.</summary>
    public static (string Name, long Offset, PeSection Section)? Moved(PeImage image, Layout file, long stated)
    {
        PeSection? section = image.Sections.FirstOrDefault(s => stated >= s.VirtualAddress && stated < s.VirtualAddress + (long)s.SizeOfRawData);
        if (section is null || section.VirtualAddress == section.PointerToRawData || At(file, stated) is not null)
            return null;
        long offset = stated - section.VirtualAddress + section.PointerToRawData;
        return At(file, offset) is { } name ? (name, offset, section) : null;
    }

    // Both formats give each block's length before it, so four bytes of magic need not be trusted alone: the first blocks have to lie
    // in the section (RFC 8878 3.1.1; lz4's legacy frames have a u32).
    private static bool BlocksHold(string name, Layout file, long offset, long end)
    {
        long at = name == "lz4" ? offset + 4 : offset + 4 + ZstdHeaderSize(file.ReadBytes(offset + 4, 1)[0]);
        int header = name == "lz4" ? 4 : 3;
        for (int block = 0; block < BlocksToFollow; block++)
        {
            if (at + header > end)
                return false;
            byte[] bytes = [.. file.ReadBytes(at, header), 0];
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            uint length = name == "lz4" ? value : value >> 3, kind = name == "lz4" ? 0 : (value >> 1) & 3;
            // An lz4 payload of a small kernel has no more, and nothing says which is the last.
            bool last = name == "lz4" || (value & 1) != 0;
            // A block of one byte that is repeated has that byte.
            long stored = kind == 1 ? 1 : length;
            if (kind == 3 || length == 0 || length > MaxBlock(name) || at + header + stored > end)
                return false;
            if (last)
                return true;
            at += header + stored;
        }
        return true;
    }

    // Descriptor, window, dictionary, content size (RFC 8878 3.1.1.1).
    private static int ZstdHeaderSize(byte descriptor)
    {
        bool single = (descriptor & 0x20) != 0;
        int content = (descriptor >> 6) switch { 0 => single ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        int dictionary = (descriptor & 3) switch { 3 => 4, int size => size };
        return 1 + (single ? 0 : 1) + dictionary + content;
    }

    private static long MaxBlock(string name) => name == "lz4" ? (8 << 20) + (8 << 13) + 16 : 128 << 10;

    private static string? Name(ReadOnlySpan<byte> bytes)
    {
        foreach ((string name, byte[] magic) in Beginnings)
        {
            if (bytes.StartsWith(magic))
                return name;
        }
        return null;
    }
}
