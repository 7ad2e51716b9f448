using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Zboot;

/// <summary>Finds a zboot payload by its own first bytes, where the header does not lead to it any more.</summary>
internal static class PayloadTraces
{
    // The stub's code, which comes first, takes some ten KiB (drivers/firmware/efi/libstub/zboot.lds).
    private const long SearchLength = 1 << 20;

    /// <summary>Alignment of the payload in its section (zboot.lds).</summary>
    private const int PayloadAlignment = 8;

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

    /// <summary>Looks for a payload in the code section of an image for firmware.</summary>
    /// <returns>Its name and file offset; null when there is none.</returns>
    public static (string Name, long Offset)? Search(PeImage image, Layout file)
    {
        if (image.FindSection(".text") is not { } text || text.PointerToRawData >= file.Length)
            return null;
        byte[] code = file.ReadBytes(text.PointerToRawData, Math.Min(SearchLength, Math.Min(text.SizeOfRawData, file.Length - text.PointerToRawData)));
        for (int at = 0; at + 16 <= code.Length; at += PayloadAlignment)
        {
            if (Name(code.AsSpan(at)) is { } name)
                return (name, text.PointerToRawData + at);
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
