namespace KexecSign.Cli.Commands;

/// <summary>Guesses what was meant by a word that is no command.</summary>
internal static class Spelling
{
    /// <summary>A clause to put behind the error, or nothing when no candidate is near.</summary>
    public static string Hint(string word, IEnumerable<string> candidates)
    {
        string? nearest = candidates.Distinct().MinBy(candidate => Distance(word, candidate));
        return nearest is not null && Distance(word, nearest) <= 1 + (word.Length / 4) ? $"; did you mean '{nearest}'?" : "";
    }

    // Levenshtein, one row at a time.
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < to.Length; j++)
            {
                int replaced = diagonal + (from[i] == to[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], diagonal) + 1);
            }
        }
        return row[to.Length];
    }
}
