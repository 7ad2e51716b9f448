using System.Collections.Immutable;

namespace KexecSign.Core.Reports;

/// <summary>A result as plain text: columns padded with blanks, nothing wrapped, so that it can be searched and cut.</summary>
public static class PlainView
{
    /// <summary>Writes title, tables and notes; failures are for the face to show.</summary>
    public static void Write(ReportView view, TextWriter output)
    {
        if (view.Title.Length > 0)
            output.WriteLine(Printable.Line(view.Title));
        foreach (ReportTable table in view.Tables)
            WriteTable(table, output);
        foreach (string note in view.Notes)
            output.WriteLine(Printable.Line(note));
    }

    /// <summary>The lines as they would be written.</summary>
    public static IEnumerable<string> Lines(ReportView view)
    {
        using var text = new StringWriter { NewLine = "\n" };
        Write(view, text);
        return text.ToString().TrimEnd('\n').Split('\n');
    }

    private static void WriteTable(ReportTable table, TextWriter output)
    {
        if (table.Title.Length > 0)
            output.WriteLine(Printable.Line(table.Title));
        List<ImmutableArray<string>> lines = [.. table.Rows.Select(row => row.Select(Printable.Line).ToImmutableArray())];
        if (!table.Columns.IsEmpty)
            lines.Insert(0, table.Columns);
        int columns = lines.Count == 0 ? 0 : lines.Max(line => line.Length);
        int[] widths = new int[columns];
        foreach (ImmutableArray<string> line in lines)
        {
            for (int i = 0; i < line.Length; i++)
                widths[i] = Math.Max(widths[i], line[i].Length);
        }
        foreach (ImmutableArray<string> line in lines)
            output.WriteLine(("  " + string.Join("  ", line.Select((cell, i) => cell.PadRight(widths[i])))).TrimEnd());
    }
}
