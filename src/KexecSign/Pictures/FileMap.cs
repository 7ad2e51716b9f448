using System.Collections.Immutable;
using KexecSign.Inspection;
using KexecSign.Inspection.Parts;

namespace KexecSign.Pictures;

/// <summary>What a signature covers of a file.</summary>
/// <param name="Name">The signature.</param>
/// <param name="Signer">Whose it is.</param>
/// <param name="Holds">Whether it holds for these bytes; null where that is not judged.</param>
/// <param name="Covered">The ranges that it covers, in file order.</param>
/// <param name="Uncovered">Those that it does not, in file order.</param>
internal sealed record MapCover(
    string Name, string Signer, bool? Holds, ImmutableArray<(long Offset, long Size)> Covered, ImmutableArray<UncoveredRange> Uncovered);

/// <summary>A file as it is drawn: its parts one behind the other, what covers them, and what is inside one of them.</summary>
/// <param name="Name">The file, or where it is.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Parts">Its parts in file order.</param>
internal sealed record FileMap(string Name, string Kind, long Size, ImmutableArray<FilePart> Parts)
{
    /// <summary>How many parts are drawn and listed; what is beyond is one more.</summary>
    public const int MostParts = 48;

    /// <summary>The signatures.</summary>
    public ImmutableArray<MapCover> Covers { get; init; } = [];

    /// <summary>image_size of a kernel Image: the memory that it asks for, which a signature has to fit into.</summary>
    public long? ImageSize { get; init; }

    /// <summary>What is inside; null for nothing.</summary>
    public FileMap? Inner { get; init; }

    /// <summary>The part that it is inside of.</summary>
    public int InnerPart { get; init; } = -1;

    /// <summary>Bytes that the drawing is wide: the file's, or image_size where memory goes beyond it.</summary>
    public long Width => Math.Max(1, Math.Max(Size, ImageSize is { } size && size <= 4 * Math.Max(Size, 1) ? size : 0));

    /// <summary>The levels from the outside in.</summary>
    public IEnumerable<FileMap> Levels
    {
        get
        {
            for (FileMap? level = this; level is not null; level = level.Inner)
                yield return level;
        }
    }

    /// <summary>How the file's end and image_size stand to each other; null where there is no image_size.</summary>
    public string? EndSays => ImageSize is not { } size ? null
        : size == Size ? $"the file ends exactly at image_size, 0x{size:x}{(Covers.IsEmpty ? "" : ": its signature fits")}"
        : size > Size
            ? $"the file ends at 0x{Size:x}, 0x{size - Size:x} bytes before image_size 0x{size:x}: memory without content "
                + $"(bss){(Covers.IsEmpty ? ", room for a signature" : "")}"
        : $"the file goes 0x{Size - size:x} bytes beyond image_size 0x{size:x}: kexec refuses it";

    /// <summary>The map of what was inspected; null for what has no parts.</summary>
    public static FileMap? Of(InspectResult file)
    {
        if (file.Parts.IsEmpty)
            return null;
        ImmutableArray<FilePart> parts = Few(file.Parts);
        FileMap? inner = file.Inner is null ? null : Of(file.Inner);
        int place = inner is null ? -1 : parts.ToList().FindIndex(part => part.Kind == PartKind.Payload || part.Name == file.Inner!.File);
        return new(file.File, file.Kind, file.Size, parts)
        {
            Covers = [.. file.Signatures.Select(s => new MapCover(
                $"signature {s.Index}", s.Signer ?? "not included", s.DigestMatches ? s.SignatureHolds : false,
                Without(file.Uncovered, file.Size), file.Uncovered))],
            ImageSize = file.ImageSize,
            Inner = inner,
            InnerPart = place,
        };
    }

    /// <summary>
    /// The parts of a file of which only some are known; what is between them is one section. Whatever is said of them, none goes beyond
    /// the file or over another.
    /// </summary>
    public static ImmutableArray<FilePart> Between(string rest, long size, params IEnumerable<FilePart> known)
    {
        var parts = ImmutableArray.CreateBuilder<FilePart>();
        long at = 0;
        foreach (FilePart part in known.OrderBy(p => p.Offset))
        {
            if (part.Offset < at || part.Size <= 0 || part.Size > size - part.Offset)
                continue;
            if (part.Offset > at)
                parts.Add(new(PartKind.Section, rest, at, part.Offset - at));
            parts.Add(part);
            at = part.Offset + part.Size;
        }
        if (at < size)
            parts.Add(new(PartKind.Section, rest, at, size - at));
        return parts.ToImmutable();
    }

    /// <summary>The parts, those beyond <see cref="MostParts"/> as one.</summary>
    public static ImmutableArray<FilePart> Few(ImmutableArray<FilePart> parts)
    {
        if (parts.Length <= MostParts)
            return parts;
        FilePart first = parts[MostParts - 1], last = parts[^1];
        return [.. parts[..(MostParts - 1)], new(PartKind.Section, $"{parts.Length - MostParts + 1} more parts", first.Offset,
            last.Offset + last.Size - first.Offset)];
    }

    /// <summary>What is left of a file without some ranges.</summary>
    public static ImmutableArray<(long Offset, long Size)> Without(ImmutableArray<UncoveredRange> ranges, long length)
    {
        var covered = ImmutableArray.CreateBuilder<(long Offset, long Size)>();
        long at = 0;
        foreach (UncoveredRange range in ranges.OrderBy(r => r.Offset))
        {
            if (range.Offset > at)
                covered.Add((at, Math.Min(range.Offset, length) - at));
            at = Math.Max(at, Math.Min(range.Offset + range.Size, length));
        }
        if (at < length)
            covered.Add((at, length - at));
        return covered.ToImmutable();
    }
}
