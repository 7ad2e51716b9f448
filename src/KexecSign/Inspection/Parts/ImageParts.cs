using System.Collections.Immutable;
using KexecSign.Formats.Authenticode;
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
        long[] cuts = [.. claims.Select(claim => claim.Start).Concat(claims.Select(claim => claim.End)).Append(0).Append(file.Length)
            .Distinct().Order()];
        ILookup<long, int> starts = Enumerable.Range(0, claims.Length).ToLookup(i => claims[i].Start),
            ends = Enumerable.Range(0, claims.Length).ToLookup(i => claims[i].End);
        // By rank and then in the order of the table; so few are looked at for each piece that 65535 sections in one place do not matter.
        var active = new SortedSet<(int Rank, int Index)>();
        var parts = ImmutableArray.CreateBuilder<FilePart>();
        for (int i = 0; i < cuts.Length - 1; i++)
        {
            foreach (int ended in ends[cuts[i]])
                active.Remove((claims[ended].Rank, ended));
            foreach (int begun in starts[cuts[i]])
                active.Add((claims[begun].Rank, begun));
            parts.Add(Part(active, claims, cuts[i], cuts[i + 1], file));
        }
        return parts.ToImmutable();
    }

    /// <summary>
    /// What no Authenticode signature covers, in file order (UEFI 32.2.4, crypto/asymmetric_keys/verify_pefile.c): what firmware and kernel
    /// pass over when they hash headers and sections. Whatever lies between sections is among it.
    /// </summary>
    public static ImmutableArray<UncoveredRange> Uncovered(PeImage image)
    {
        UncoveredRange checkSum = new(UncoveredRange.CheckSum, image.CheckSumOffset, 4);
        if (!image.CanBeSigned)
            return [checkSum];
        UncoveredRange[] known =
        [
            checkSum, new(UncoveredRange.Directory, image.CertificateDirectoryOffset, 8),
            new(UncoveredRange.Table, image.CertificateTable.Address, image.IsSigned ? image.CertificateTable.Size : 0),
        ];
        var uncovered = ImmutableArray.CreateBuilder<UncoveredRange>();
        long at = 0;
        foreach (ByteRange range in AuthenticodeDigest.SectionRanges(image).Where(range => range.Length > 0).OrderBy(range => range.Offset))
        {
            uncovered.AddRange(Named(at, Math.Min(range.Offset, image.FileLength), known));
            at = Math.Max(at, range.Offset + range.Length);
        }
        uncovered.AddRange(Named(at, image.FileLength, known));
        return uncovered.ToImmutable();
    }

    // A range in pieces: those that have a name, and what is left of it.
    private static IEnumerable<UncoveredRange> Named(long start, long end, UncoveredRange[] known)
    {
        foreach (UncoveredRange range in known)
        {
            long from = Math.Max(start, range.Offset), to = Math.Min(end, range.Offset + range.Size);
            if (from >= to)
                continue;
            if (from > start)
                yield return new(UncoveredRange.Gap, start, from - start);
            yield return new(range.Name, from, to - from);
            start = to;
        }
        if (start < end)
            yield return new(UncoveredRange.Gap, start, end - start);
    }

    private static IEnumerable<Claim> Claims(PeImage image, Layout file, ZbootHeader? zboot)
    {
        if (zboot is not null)
            yield return new(PartKind.Payload, $"payload ({zboot.CompressionName})", zboot.PayloadOffset,
                Math.Min(zboot.UncompressedLengthOffset + 4, file.Length), 0);
        if (image.IsSigned)
            yield return new(PartKind.Certificates, "certificates", image.CertificateTable.Address,
                Math.Min((long)image.CertificateTable.Address + image.CertificateTable.Size, file.Length), 1);
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
            return IsZero(file, start, end)
                ? new(PartKind.Padding, "padding", start, end - start)
                : new(PartKind.Unclaimed, "unclaimed", start, end - start);
        Claim first = claims[active.Min.Index];
        // A payload lies in a section by right; all else stands for itself.
        if (active.Count == 1 || (first.Kind == PartKind.Payload && active.Count == 2))
            return new(first.Kind, first.Name, start, end - start);
        string names = string.Join(", ", active.Take(MostNamed).Select(a => claims[a.Index].Name));
        return new(PartKind.Shared, active.Count > MostNamed ? $"{names} and {active.Count - MostNamed} more" : names, start, end - start);
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
