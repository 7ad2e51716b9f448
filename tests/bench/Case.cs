namespace KexecSign.Bench;

/// <summary>One of the programs that are compared.</summary>
/// <param name="Name">How the table calls it.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Output">The file it makes; deleted before each run. Null for none.</param>
internal sealed record Side(string Name, IReadOnlyList<string> Command, string? Output = null)
{
    /// <summary>A folder that is new and empty at each run; the one before is kept aside, because freeing it takes the file system's time.</summary>
    public string? Folder { get; init; }

    /// <summary>A folder whose files stand in <see cref="Folder"/> at each run, as hard links; null for none.</summary>
    public string? Tree { get; init; }

    /// <summary>Number of bytes that are worth telling, from the standard output of a run.</summary>
    public Func<string, long>? Bytes { get; init; }

    /// <summary>Environment variables beside this program's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>Programs that do the same, to be run in turn. The first is the one that the others are compared with.</summary>
internal sealed record Case(string Name, int Rounds, IReadOnlyList<Side> Sides);

/// <summary>Smallest and middle value of a series.</summary>
internal sealed record Spread(double Min, double Median)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new(sorted[0], (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2);
    }
}

/// <summary>What was measured of one side; seconds and KiB. Ratios are the case's first side divided by this one.</summary>
internal sealed record Figures(string Case, string Side, int Rounds, Spread Wall, Spread Cpu, long PeakKiB, long? Bytes, double? MedianRatio, double? MinRatio);

/// <summary>Runs a case: A B A B …, because a shared machine's speed drifts.</summary>
internal sealed class Measurement(ChildProcess child)
{
    public IReadOnlyList<Figures> Of(Case wanted)
    {
        List<ChildRun>[] runs = [.. wanted.Sides.Select(_ => new List<ChildRun>())];
        // Round 0 warms the page cache and is not counted.
        for (int round = 0; round <= wanted.Rounds; round++)
        {
            for (int i = 0; i < wanted.Sides.Count; i++)
            {
                ChildRun run = Once(wanted.Sides[i]);
                if (round > 0)
                    runs[i].Add(run);
            }
        }

        var figures = new List<Figures>();
        Spread first = Spread.Of(runs[0].Select(run => run.Wall));
        for (int i = 0; i < runs.Length; i++)
        {
            Spread wall = Spread.Of(runs[i].Select(run => run.Wall));
            figures.Add(new(
                wanted.Name, wanted.Sides[i].Name, wanted.Rounds, wall, Spread.Of(runs[i].Select(run => run.Cpu)),
                runs[i].Max(run => run.PeakKiB), wanted.Sides[i].Bytes?.Invoke(runs[i][^1].Output),
                i == 0 ? null : first.Median / wall.Median, i == 0 ? null : first.Min / wall.Min));
        }
        return figures;
    }

    private ChildRun Once(Side side)
    {
        if (side.Output is not null)
            File.Delete(side.Output);
        if (side.Folder is { } folder)
        {
            if (Directory.Exists(folder))
                Directory.Move(folder, $"{folder}.{Guid.NewGuid():N}");
            if (side.Tree is { } tree)
                child.Run(["cp", "-al", tree, folder], side.Environment);
            else
                Directory.CreateDirectory(folder);
        }
        // Also for programs that never flush: else they leave their bytes to the next one that does.
        ChildProcess.Settle();
        return child.Run(side.Command, side.Environment);
    }
}
