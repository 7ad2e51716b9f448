using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>
/// Names of more than 8 bytes, as binutils writes them into images: <c>/14</c> in the section table is what stands 14 bytes behind the
/// start of the COFF string table, which follows the symbols and begins with its own length (PE format, "COFF String Table"). Firmware,
/// shim and kernel know none of it: they compare the 8 bytes. So a name of 8 bytes or less in the string table is left as the table has it:
/// no consumer would find the section by it.
/// </summary>
public static class LongSectionNames
{
    private const int SymbolSize = 18, LengthSize = 4, ShortName = 8, LongestName = 255;

    /// <summary>The sections with their long names.</summary>
    /// <param name="image">Headers as read.</param>
    /// <param name="file">The file; nothing is read where no name begins with a slash.</param>
    public static ImmutableArray<PeSection> Resolve(PeImage image, Layout file)
    {
        if (image.SymbolTable == 0 || !image.Sections.Any(IsReference))
            return image.Sections;
        long strings = image.SymbolTable + (long)image.SymbolCount * SymbolSize;
        if (strings + LengthSize > file.Length)
            return image.Sections;
        long length = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(file.ReadBytes(strings, LengthSize)), file.Length - strings);
        return [.. image.Sections.Select(section => IsReference(section) && Find(section.Name, strings, length, file) is { } name
            ? section with { Name = name }
            : section)];
    }

    private static bool IsReference(PeSection section) => section.Name is ['/', _, ..];

    private static string? Find(string reference, long strings, long length, Layout file)
    {
        if (!int.TryParse(reference.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int at) || at < LengthSize
            || at >= length)
            return null;
        ReadOnlySpan<byte> text = file.ReadBytes(strings + at, Math.Min(LongestName + 1, length - at));
        int end = text.IndexOf((byte)0);
        return end <= ShortName || text[..end].ContainsAnyExceptInRange((byte)0x21, (byte)0x7E)
            ? null
            : Encoding.ASCII.GetString(text[..end]);
    }
}
