using System.Collections.Immutable;

namespace KexecSign.Core.Reports;

/// <summary>A result as a person reads it; each face renders it in its own way.</summary>
/// <param name="Title">First line.</param>
/// <param name="Tables">What was found, in order.</param>
/// <param name="Notes">Sentences below the tables: warnings first, then what to do next.</param>
public sealed record ReportView(string Title, ImmutableArray<ReportTable> Tables, ImmutableArray<string> Notes)
{
    /// <summary>The files of a batch that failed, in their order; each face shows them as it shows errors.</summary>
    public ImmutableArray<ReportFailure> Failures { get; init; } = [];
}

/// <summary>A file of a batch that failed.</summary>
/// <param name="Code">KS code.</param>
/// <param name="Message">The error line, which begins with the code and names the file.</param>
public sealed record ReportFailure(string Code, string Message)
{
    /// <summary>From an error line, which begins with its code and a colon.</summary>
    internal static ReportFailure Of(string message) => new(message.Split(':')[0], message);

    /// <summary>The lines for people: failures of one kind as one line with their number, unless each is asked for.</summary>
    /// <param name="failures">The failures in order.</param>
    /// <param name="each">Whether each gets a line of its own.</param>
    public static IEnumerable<string> Lines(ImmutableArray<ReportFailure> failures, bool each)
    {
        foreach (IGrouping<string, ReportFailure> alike in failures.GroupBy(failure => failure.Code, StringComparer.Ordinal))
        {
            int count = alike.Count();
            if (each || count == 1)
            {
                foreach (ReportFailure failure in alike)
                    yield return failure.Message;
                continue;
            }
            string first = alike.First().Message;
            string says = first.StartsWith(alike.Key + ": ", StringComparison.Ordinal) ? first[(alike.Key.Length + 2)..] : first;
            yield return $"{alike.Key}: {count} files, the first of them: {says} (-v names each)";
        }
    }
}

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
