using System.Collections.Immutable;
using KexecSign.Core.Reports;
using KexecSign.Inspection.Parts;

namespace KexecSign.Pictures;

/// <summary>A map in characters: a row for each part, its bar where it lies in the file, level below level.</summary>
internal static class TextMap
{
    /// <summary>Characters of a bar; with the numbers before it a row fits into 80 columns.</summary>
    public const int BarWidth = 32;

    private const char Empty = '·', Covered = '═', Marker = '▲', Memory = '╌';

    /// <summary>A table for each level.</summary>
    public static ImmutableArray<ReportTable> Of(FileMap map) =>
        [.. map.Levels.Select((level, depth) =>
            new ReportTable(Heading(level, depth), ["part", "offset", "size", "where"], [.. Rows(level)]))];

    /// <summary>What the map says in words: what each signature covers, and where each level ends.</summary>
    public static ImmutableArray<string> Notes(FileMap map) =>
    [
        .. map.Levels.SelectMany(level => level.Covers.Select(cover => $"{Where(map, level)}{cover.Name} is by "
            + $"{cover.Signer}{Holds(cover)}; it covers all but {Left(cover.Uncovered)}.")),
        .. map.Levels.Where(level => level.EndSays is not null).Select(level => $"{Where(map, level)}{level.EndSays}."),
    ];

    /// <summary>The cells of a bar for some ranges, drawn at least one character wide each.</summary>
    internal static string Bar(IEnumerable<(long Offset, long Size)> ranges, long width, char glyph, char empty = Empty)
    {
        char[] bar = new char[BarWidth];
        Array.Fill(bar, empty);
        foreach ((long offset, long size) in ranges)
        {
            int start = Math.Min((int)((Int128)offset * BarWidth / width), BarWidth - 1);
            int end = Math.Clamp((int)(((Int128)(offset + size) * BarWidth + width - 1) / width), start + 1, BarWidth);
            bar.AsSpan(start..end).Fill(glyph);
        }
        return new(bar);
    }

    private static IEnumerable<ImmutableArray<string>> Rows(FileMap level)
    {
        foreach (FilePart part in level.Parts)
            yield return [part.Name, $"0x{part.Offset:x}", $"0x{part.Size:x}",
                Bar([(part.Offset, part.Size)], level.Width, PartLook.Of(part.Kind).Glyph)];
        if (level.Width > level.Size)
            yield return ["not in the file", $"0x{level.Size:x}", $"0x{level.Width - level.Size:x}",
                Bar([(level.Size, level.Width - level.Size)], level.Width, Memory)];
        foreach (MapCover cover in level.Covers)
            yield return [cover.Name, "covers", $"0x{cover.Covered.Sum(c => c.Size):x}", Cover(cover, level)];
        if (level.ImageSize is { } size && size <= level.Width)
            yield return ["image_size", $"0x{size:x}", size == level.Size ? "= the end" : "",
                Bar([(Math.Max(0, size - 1), 1)], level.Width, Marker)];
    }

    // A checksum of four bytes would be a hole as wide as a character; the certificate table and a gap are one, however small.
    private static string Cover(MapCover cover, FileMap level)
    {
        if (cover.Covered.IsEmpty)
            return Bar([], level.Width, Covered);
        (long start, long end) = (cover.Covered[0].Offset, cover.Covered[^1].Offset + cover.Covered[^1].Size);
        char[] bar = Bar([(start, end - start)], level.Width, Covered).ToCharArray();
        foreach (UncoveredRange left in cover.Uncovered.Where(left => !left.IsHeaderField))
        {
            string hole = Bar([(left.Offset, left.Size)], level.Width, Covered);
            for (int i = 0; i < bar.Length; i++)
                bar[i] = hole[i] == Covered ? Empty : bar[i];
        }
        return new(bar);
    }

    // Of many gaps the first is enough to look at; JSON has them all.
    private static string Left(ImmutableArray<UncoveredRange> uncovered)
    {
        UncoveredRange[] gaps = [.. uncovered.Where(range => range.Name == UncoveredRange.Gap)];
        string[] words =
        [
            .. uncovered.Except(gaps).Select(range => $"the {range.Name}"),
            .. gaps.Length switch
            {
                0 => (ReadOnlySpan<string>)[],
                1 => [$"a gap of 0x{gaps[0].Size:x} bytes at 0x{gaps[0].Offset:x}"],
                _ => [$"{gaps.Length} gaps, the first of 0x{gaps[0].Size:x} bytes at 0x{gaps[0].Offset:x}"],
            },
        ];
        return words.Length < 2 ? string.Concat(words) : $"{string.Join(", ", words[..^1])} and {words[^1]}";
    }

    private static string Heading(FileMap level, int depth) =>
        depth == 0 ? "" : $"inside: {level.Name}, {level.Kind}, 0x{level.Size:x} bytes";

    private static string Where(FileMap map, FileMap level) => ReferenceEquals(map, level) ? "" : $"{level.Name}: ";

    private static string Holds(MapCover cover) =>
        cover.Holds switch { true => "", false => " and does NOT hold", null => " (not judged)" };
}
