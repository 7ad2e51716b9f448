using KexecSign.Core.Reports;
using Spectre.Console;

namespace KexecSign.Cli.Output;

/// <summary>A result with tables that fit the terminal.</summary>
internal static class TerminalView
{
    public static void Write(ReportView view, TextWriter output, int width, bool colours)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        Style strong = colours ? new Style(decoration: Decoration.Bold) : Style.Plain;
        console.Write(new Text(Printable.Line(view.Title) + "\n", strong));
        foreach (ReportTable table in view.Tables)
        {
            // Not as the table's own title, which is wrapped to the table's width.
            if (table.Title.Length > 0)
                console.Write(new Text(Printable.Line(table.Title) + "\n"));
            console.Write(Rendered(table, strong));
        }
        foreach (string note in view.Notes)
            console.Write(new Text(Printable.Line(note) + "\n"));
    }

    private static Table Rendered(ReportTable table, Style strong)
    {
        var rendered = new Table { Border = TableBorder.Rounded, ShowHeaders = !table.Columns.IsEmpty };
        int columns = table.Columns.IsEmpty ? 2 : table.Columns.Length;
        for (int i = 0; i < columns; i++)
            rendered.AddColumn(new TableColumn(table.Columns.IsEmpty ? Text.Empty : new Text(table.Columns[i], strong)));
        foreach (IEnumerable<string> row in table.Rows.Select(row => row.AsEnumerable()))
            rendered.AddRow(row.Select(cell => new Text(Printable.Line(cell))));
        return rendered;
    }
}
