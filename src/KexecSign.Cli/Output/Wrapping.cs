using System.Text;

namespace KexecSign.Cli.Output;

/// <summary>Text in lines that fit, broken between words only: a hash or a path that is too long for a line stays in one piece.</summary>
internal static class Wrapping
{
    /// <summary>The lines; at least one.</summary>
    /// <param name="text">One line of text.</param>
    /// <param name="room">Columns of a line.</param>
    public static IEnumerable<string> Lines(string text, int room)
    {
        var line = new StringBuilder();
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > room)
            {
                yield return line.ToString();
                line.Clear();
            }
            if (line.Length > 0)
                line.Append(' ');
            line.Append(word);
        }
        yield return line.ToString();
    }

    /// <summary>Length of the longest word.</summary>
    public static int LongestWord(string text) => text.Split(' ').Max(word => word.Length);
}
