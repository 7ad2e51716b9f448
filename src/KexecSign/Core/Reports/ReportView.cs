using System.Collections.Immutable;

namespace KexecSign.Core.Reports;

/// <summary>A result as a person reads it; each face renders it in its own way.</summary>
/// <param name="Title">First line.</param>
/// <param name="Tables">What was found, in order.</param>
/// <param name="Notes">Sentences below the tables: warnings first, then what to do next.</param>
public sealed record ReportView(string Title, ImmutableArray<ReportTable> Tables, ImmutableArray<string> Notes);

/// <summary>A table of text. A table of two columns without headings is a list of fields.</summary>
/// <param name="Title">Heading; may be empty.</param>
/// <param name="Columns">Column headings; empty for a list of fields.</param>
/// <param name="Rows">Cells, as many in each row as there are columns.</param>
public sealed record ReportTable(string Title, ImmutableArray<string> Columns, ImmutableArray<ImmutableArray<string>> Rows)
{
    /// <summary>A list of fields: label and value.</summary>
    public static ReportTable Fields(string title, params ReadOnlySpan<(string Label, string? Value)> fields)
    {
        var rows = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
        foreach ((string label, string? value) in fields)
        {
            if (value is not null)
                rows.Add([label, value]);
        }
        return new(title, [], rows.ToImmutable());
    }
}
