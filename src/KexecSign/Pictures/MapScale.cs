namespace KexecSign.Pictures;

/// <summary>Where the parts of a level are drawn: to scale, but none so narrow that it cannot be seen.</summary>
internal sealed class MapScale
{
    private const double Least = 6;

    private readonly List<(long Offset, double X)> _points = [];

    /// <param name="level">The level.</param>
    /// <param name="left">Where its first byte is drawn.</param>
    /// <param name="width">How wide all of it is.</param>
    public MapScale(FileMap level, double left, double width)
    {
        List<(long Offset, long Size)> spans = [.. level.Parts.Select(part => (part.Offset, part.Size))];
        if (level.Width > level.Size)
            spans.Add((level.Size, level.Width - level.Size));
        double least = Math.Min(Least, width / Math.Max(1, spans.Count) / 2);
        double[] drawn = [.. spans.Select(span => Math.Max(least, width * span.Size / level.Width))];
        // What the narrow ones take more than is theirs, the wide ones give.
        double narrow = drawn.Where(w => w <= least).Sum(), wide = drawn.Where(w => w > least).Sum();
        double factor = wide > 0 ? (width - narrow) / wide : 1;
        double x = left;
        _points.Add((0, left));
        foreach (((long offset, long size), double w) in spans.Zip(drawn))
        {
            x += w <= least ? w : w * factor;
            _points.Add((offset + size, x));
        }
    }

    /// <summary>Where an offset is drawn.</summary>
    public double At(long offset)
    {
        for (int i = 1; i < _points.Count; i++)
        {
            (long end, double x) = _points[i];
            if (offset > end)
                continue;
            (long start, double before) = _points[i - 1];
            return end == start ? x : before + (x - before) * (offset - start) / (end - start);
        }
        return _points[^1].X;
    }
}
