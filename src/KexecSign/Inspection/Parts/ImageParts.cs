using System.Collections.Immutable;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Parsers;

namespace KexecSign.Inspection.Parts;

/// <summary>Cuts an image into its parts, none left out and none twice, whatever its headers say.</summary>
internal static class ImageParts
{
    private const int ChunkSize = 1 << 16, MostNamed = 3;

    /// <summary>The parts in file order; their sizes add up to the file's length.</summary>
    /// <param name="image">The headers.</param>
    /// <param name="file">The file.</param>
    /// <param name="zboot">The zboot header; null for what is no zboot image.</param>
    public static ImmutableArray<FilePart> Of(PeImage image, Layout file, ZbootHeader? zboot)
    {
        Claim[] claims = [.. Claims(image, file, zboot).Where(claim => claim.Start < claim.End)];
        long[] cuts = [.. claims.Select(claim => claim.Start).Concat(claims.Select(claim => claim.End)).Append(0).Append(file.Length).Distinct().Order()];
        ILookup<long, int> starts = Enumerable.Range(0, claims.Length).ToLookup(i => claims[i].Start), ends = Enumerable.Range(0, claims.Length).ToLookup(i => claims[i].End);
        // By rank and then in the order of the table; so few are looked at for each piece that 65535 sections in one place do not matter.
        var active = new SortedSet<(int Rank, int Index)>();
        var parts = ImmutableArray.CreateBuilder<FilePart>();
        for (int i = 0; i < cuts.Length - 1; i++)
        {
            foreach (int ended in ends[cuts[i]])
                active.Remove((claims[ended].Rank, ended));
            foreach (int begun in starts[cuts[i]])
                active.Add((claims[begun].Rank, begun));
            Add(parts, Part(active, claims, cuts[i], cuts[i + 1], file));
        }
        return parts.ToImmutable();
    }

    /// <summary>What no Authenticode signature covers (UEFI 32.2.4, crypto/asymmetric_keys/verify_pefile.c): it is skipped when the image is hashed.</summary>
    public static ImmutableArray<UncoveredRange> Uncovered(PeImage image) =>
    [
        new("CheckSum", image.CheckSumOffset, 4),
        .. image.CanBeSigned ? (ReadOnlySpan<UncoveredRange>)[new("certificate directory", image.CertificateDirectoryOffset, 8)] : [],
        .. image.IsSigned ? (ReadOnlySpan<UncoveredRange>)[new("certificate table", image.CertificateTable.Address, image.CertificateTable.Size)] : [],
    ];

    private static IEnumerable<Claim> Claims(PeImage image, Layout file, ZbootHeader? zboot)
    {
        if (zboot is not null)
            yield return new(PartKind.Payload, $"payload ({zboot.CompressionName})", zboot.PayloadOffset, Math.Min(zboot.UncompressedLengthOffset + 4, file.Length), 0);
        if (image.IsSigned)
            yield return new(PartKind.Certificates, "certificates", image.CertificateTable.Address, Math.Min((long)image.CertificateTable.Address + image.CertificateTable.Size, file.Length), 1);
        yield return new(PartKind.Headers, "headers", 0, Math.Min(image.SizeOfHeaders, file.Length), 1);
        foreach (PeSection section in image.Sections)
        {
            PartKind kind = section.Name == ParserSection.Name ? PartKind.Parser : PartKind.Section;
            yield return new(kind, section.Name, section.PointerToRawData, Math.Min(section.RawEnd, file.Length), 1);
        }
        long content = PeCanonical.ContentEnd(image, file);
        if (content > image.SectionsEnd)
            yield return new(PartKind.Symbols, "symbols", image.SectionsEnd, Math.Min(content, file.Length), 1);
    }

    private static FilePart Part(SortedSet<(int Rank, int Index)> active, Claim[] claims, long start, long end, Layout file)
    {
        if (active.Count == 0)
            return IsZero(file, start, end) ? new(PartKind.Padding, "padding", start, end - start) : new(PartKind.Unclaimed, "unclaimed", start, end - start);
        Claim first = claims[active.Min.Index];
        // A payload lies in a section by right; all else stands for itself.
        if (active.Count == 1 || (first.Kind == PartKind.Payload && active.Count == 2))
            return new(first.Kind, first.Name, start, end - start);
        string names = string.Join(", ", active.Take(MostNamed).Select(a => claims[a.Index].Name));
        return new(PartKind.Shared, active.Count > MostNamed ? $"{names} and {active.Count - MostNamed} more" : names, start, end - start);
    }

    private static void Add(ImmutableArray<FilePart>.Builder parts, FilePart part)
    {
        if (parts.Count > 0 && parts[^1] is var last && last.Kind == part.Kind && last.Name == part.Name && part.Kind is PartKind.Padding or PartKind.Unclaimed)
            parts[^1] = parts[^1] with { Size = parts[^1].Size + part.Size };
        else
            parts.Add(part);
    }

    private static bool IsZero(Layout file, long start, long end)
    {
        for (long at = start; at < end; at += ChunkSize)
        {
            if (file.ReadBytes(at, Math.Min(ChunkSize, end - at)).AsSpan().ContainsAnyExcept((byte)0))
                return false;
        }
        return true;
    }

    private sealed record Claim(PartKind Kind, string Name, long Start, long End, int Rank);
}
