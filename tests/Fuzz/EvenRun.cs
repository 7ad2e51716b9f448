using System.Diagnostics;

namespace KexecSign.Fuzz;

/// <summary>As many mutations for each reader, from sound files; seeded, so that a fault comes back.</summary>
public static class EvenRun
{
    private const int Slice = 500;

    /// <summary>Runs; gives how many faults there were.</summary>
    /// <param name="readers">The readers.</param>
    /// <param name="mutations">How many mutations altogether.</param>
    /// <param name="seed">First seed.</param>
    /// <param name="faults">Where faults go.</param>
    /// <param name="say">Where the table goes.</param>
    public static int Run(IReadOnlyList<Reader> readers, long mutations, int seed, Faults faults, Action<string> say)
    {
        ArgumentNullException.ThrowIfNull(readers);
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(say);
        long each = Math.Max(1, mutations / readers.Count);
        var counts = readers.Select(_ => new long[3]).ToArray();
        var spent = new double[readers.Count];
        long said = Stopwatch.GetTimestamp();
        // In rounds over all readers, so that a run that is ended early has been even too.
        for (long done = 0; done < each; done += Slice)
        {
            for (int r = 0; r < readers.Count; r++)
            {
                long began = Stopwatch.GetTimestamp();
                Reader reader = readers[r];
                var mutator = new Mutator(HashCode.Combine(seed, r, done));
                for (long i = done; i < Math.Min(done + Slice, each); i++)
                {
                    byte[] sound = reader.Seeds[mutator.Next(reader.Seeds.Length)], other = reader.Seeds[mutator.Next(reader.Seeds.Length)];
                    counts[r][(int)Attempt.Of(reader, mutator.Of(sound, other), faults)]++;
                }
                spent[r] += Stopwatch.GetElapsedTime(began).TotalSeconds;
            }
            if (Stopwatch.GetElapsedTime(said) > TimeSpan.FromSeconds(60))
            {
                said = Stopwatch.GetTimestamp();
                say($"{counts.Sum(c => c.Sum())} mutations, {faults.Count} kinds of faults");
            }
        }
        for (int r = 0; r < readers.Count; r++)
            say($"{readers[r].Name,-24} {counts[r].Sum(),10} mutations: {counts[r][0],10} read, {counts[r][1],10} refused, {counts[r][2],4} faults, {spent[r] * 1e6 / counts[r].Sum(),8:F0} us each");
        say($"{counts.Sum(c => c.Sum())} mutations over {readers.Count} readers, {faults.Count} kinds of faults");
        return faults.Count;
    }
}
