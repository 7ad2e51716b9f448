using System.Diagnostics;

namespace KexecSign.Fuzz;

/// <summary>What became of a reader's mutations.</summary>
/// <param name="Reader">The reader's name.</param>
/// <param name="Read">How many it read.</param>
/// <param name="Refused">How many it refused with an error of the product.</param>
/// <param name="Faults">How many came out otherwise.</param>
/// <param name="Seconds">How long all of them took.</param>
public sealed record EvenCount(string Reader, long Read, long Refused, long Faults, double Seconds)
{
    /// <summary>All of them.</summary>
    public long All => Read + Refused + Faults;
}

/// <summary>
/// As many mutations for each reader, from sound files. A seed makes the same mutations in every process (keys and what they sign are new in
/// each: the input of a fault is kept).
/// </summary>
public static class EvenRun
{
    private const int Slice = 500;

    /// <summary>Runs; gives what became of each reader's mutations.</summary>
    /// <param name="readers">The readers.</param>
    /// <param name="mutations">How many mutations altogether.</param>
    /// <param name="seed">First seed.</param>
    /// <param name="faults">Where faults go.</param>
    /// <param name="say">Where the table goes.</param>
    public static EvenCount[] Run(IReadOnlyList<Reader> readers, long mutations, int seed, Faults faults, Action<string> say)
    {
        ArgumentNullException.ThrowIfNull(readers);
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(say);
        long each = Math.Max(1, mutations / readers.Count);
        EvenCount[] counts = [.. readers.Select(r => new EvenCount(r.Name, 0, 0, 0, 0))];
        long said = Stopwatch.GetTimestamp();
        // In rounds over all readers, so that a run that is ended early has been even too.
        for (long done = 0; done < each; done += Slice)
        {
            for (int r = 0; r < counts.Length; r++)
                counts[r] = Next(counts[r], readers[r], new Mutator(SeedOf(seed, r, done)), Math.Min(Slice, each - done), faults);
            if (Stopwatch.GetElapsedTime(said) > TimeSpan.FromSeconds(60))
            {
                said = Stopwatch.GetTimestamp();
                say($"{counts.Sum(c => c.All)} mutations, {faults.Count} kinds of faults");
            }
        }
        foreach (EvenCount c in counts)
            say($"{c.Reader,-24} {c.All,10} mutations: {c.Read,10} read, {c.Refused,10} refused, {c.Faults,4} faults, {c.Seconds * 1e6 / c.All,8:F0} us each");
        say($"{counts.Sum(c => c.All)} mutations over {counts.Length} readers, {faults.Count} kinds of faults");
        return counts;
    }

    private static EvenCount Next(EvenCount before, Reader reader, Mutator mutator, long mutations, Faults faults)
    {
        long began = Stopwatch.GetTimestamp();
        var outcomes = new long[3];
        for (long i = 0; i < mutations; i++)
        {
            byte[] sound = reader.Seeds[mutator.Next(reader.Seeds.Length)], other = reader.Seeds[mutator.Next(reader.Seeds.Length)];
            outcomes[(int)Attempt.Of(reader, mutator.Of(sound, other), faults)]++;
        }
        return before with
        {
            Read = before.Read + outcomes[(int)Outcome.Read],
            Refused = before.Refused + outcomes[(int)Outcome.Refused],
            Faults = before.Faults + outcomes[(int)Outcome.Fault],
            Seconds = before.Seconds + Stopwatch.GetElapsedTime(began).TotalSeconds,
        };
    }

    // Not HashCode.Combine: that is another number in every process.
    private static int SeedOf(int seed, int reader, long done) => unchecked((int)(((seed * 1_000_003L) + reader) * 1_000_003L + done));
}
