using System.Collections.Immutable;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Output;

/// <summary>
/// A result fitted to a terminal. What one copies, a hash or a path, is never broken: prose alone is wrapped, between words,
/// and a table that is too wide is shown row by row.
/// </summary>
internal sealed class TerminalView(TextWriter output, int width, bool colours)
{
    private const int Indent = 2, Gap = 2, OwnLine = 4, LeastProse = 24;

    public void Write(ReportView view)
    {
        if (view.Title.Length > 0)
            Line(0, Printable.Line(view.Title), Tone.Strong);
        bool first = true;
        foreach (ReportTable table in view.Tables)
        {
            if (table.Rows.IsEmpty)
                continue;
            if (table.Title.Length > 0)
            {
                if (!first)
                    output.WriteLine();
                foreach (string line in Wrapping.Lines(Printable.Line(table.Title), width))
                    Line(0, line, Tone.Strong);
            }
            first = false;
            ImmutableArray<ImmutableArray<string>> rows = [.. table.Rows.Select(row => row.Select(Printable.Line).ToImmutableArray())];
            if (table.Columns.IsEmpty)
                Fields(rows);
            else if (Widths([table.Columns, .. rows]) is var widths && Fits(widths, rows))
                Grid(table.Columns, rows, widths);
            else
                Records(table.Columns, rows);
        }
        foreach (string note in view.Notes)
            Prose(0, 0, Printable.Line(note), Tone.None);
    }

    private static int[] Widths(IEnumerable<ImmutableArray<string>> lines)
    {
        int[] widths = [];
        foreach (ImmutableArray<string> line in lines)
        {
            if (widths.Length < line.Length)
                Array.Resize(ref widths, line.Length);
            for (int i = 0; i < line.Length; i++)
                widths[i] = Math.Max(widths[i], line[i].Length);
        }
        return widths;
    }

    // All but the last column stand as they are; the last may be prose.
    private bool Fits(int[] widths, ImmutableArray<ImmutableArray<string>> rows)
    {
        int before = Indent + widths[..^1].Sum(column => column + Gap);
        if (before + widths[^1] <= width)
            return true;
        int longestWord = rows.Max(row => Wrapping.LongestWord(row[^1]));
        return before + Math.Max(longestWord, LeastProse) <= width;
    }

    private void Fields(ImmutableArray<ImmutableArray<string>> rows)
    {
        int label = rows.Max(row => row[0].Length);
        foreach (ImmutableArray<string> row in rows)
        {
            int column = Indent + label + Gap, longest = Wrapping.LongestWord(row[1]);
            bool below = column + longest > width && OwnLine + longest <= width;
            Put(Indent, below ? row[0] : row[0].PadRight(label), Tone.Label);
            if (below)
                output.WriteLine();
            Prose(below ? OwnLine : Gap, below ? OwnLine : column, row[1], Tones.Of(row[1]));
        }
    }

    private void Grid(ImmutableArray<string> columns, ImmutableArray<ImmutableArray<string>> rows, int[] widths)
    {
        GridLine(columns, widths, _ => Tone.Label);
        foreach (ImmutableArray<string> row in rows)
            GridLine(row, widths, Tones.Of);
    }

    private void GridLine(ImmutableArray<string> cells, int[] widths, Func<string, Tone> tone)
    {
        int before = Indent;
        for (int i = 0; i < cells.Length - 1; i++)
        {
            Put(i == 0 ? Indent : Gap, cells[i].PadRight(widths[i]), tone(cells[i]));
            before += widths[i] + Gap;
        }
        Prose(cells.Length == 1 ? Indent : Gap, before, cells[^1], tone(cells[^1]));
    }

    private void Records(ImmutableArray<string> columns, ImmutableArray<ImmutableArray<string>> rows)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            if (i > 0)
                output.WriteLine();
            Fields([.. columns.Zip(rows[i], (column, cell) => ImmutableArray.Create(column, cell)).Where(pair => pair[1].Length > 0)]);
        }
    }

    private void Line(int indent, string text, Tone tone)
    {
        Put(indent, text, tone);
        output.WriteLine();
    }

    private void Prose(int gap, int column, string text, Tone tone)
    {
        foreach (string line in Wrapping.Lines(text, Math.Max(width - column, LeastProse)))
        {
            Line(line.Length == 0 ? 0 : gap, line, tone);
            gap = column;
        }
    }

    private void Put(int indent, string text, Tone tone)
    {
        output.Write(new string(' ', indent));
        string? begin = colours ? Tones.Sequence(tone) : null;
        output.Write(begin is null ? text : $"{begin}{text}\e[0m");
    }
}
