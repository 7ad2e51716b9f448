using System.Collections.Immutable;
using KexecSign.Core;

namespace KexecSign.Fuzz;

/// <summary>Every reader that takes what others made.</summary>
public static class Readers
{
    /// <summary>All of them.</summary>
    public static ImmutableArray<Reader> All(FuzzBench bench)
    {
        ArgumentNullException.ThrowIfNull(bench);
        var seeds = new SeedFiles(bench);
        return [.. FormatReaders.Of(seeds), .. FileReaders.Of(seeds, bench), .. DocumentReaders.Of(seeds, bench)];
    }
}
