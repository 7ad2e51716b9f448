namespace KexecSign.Core.Operations;

/// <summary>Guesses what was meant by a word that is no command or no option.</summary>
public static class Spelling
{
    /// <summary>The end of the error's sentence: a question, or a full stop when no candidate is near.</summary>
    public static string Hint(string word, IEnumerable<string> candidates)
    {
        string? nearest = candidates.Distinct().MinBy(candidate => Distance(word, candidate));
        return nearest is not null && Distance(word, nearest) <= Most(word) ? $"; did you mean '{nearest}'?" : ".";
    }

    // A word of three letters with one wrong is still near; the dashes of an option are not letters.
    private static int Most(string word) => 1 + (word.TrimStart('-').Length / 4);

    // Optimal string alignment: Levenshtein, and two neighbours in the wrong order count as one fault.
    private static int Distance(string from, string to)
    {
        int[] before = [], row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int[] next = new int[to.Length + 1];
            next[0] = i + 1;
            for (int j = 0; j < to.Length; j++)
            {
                int replaced = row[j] + (from[i] == to[j] ? 0 : 1);
                next[j + 1] = Math.Min(replaced, Math.Min(row[j + 1], next[j]) + 1);
                if (i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j])
                    next[j + 1] = Math.Min(next[j + 1], before[j - 1] + 1);
            }
            (before, row) = (row, next);
        }
        return row[to.Length];
    }
}
