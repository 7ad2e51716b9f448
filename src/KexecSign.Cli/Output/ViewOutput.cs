using KexecSign.Cli.Terminal;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Output;

/// <summary>Shows a result to a person: fitted to the terminal, or as aligned text that is never wrapped elsewhere.</summary>
internal static class ViewOutput
{
    /// <summary>To standard output.</summary>
    public static void Answer(ReportView view, Surroundings surroundings) =>
        Answers.Write(Text(view, surroundings, surroundings.OutputIsTerminal), surroundings);

    /// <summary>To standard error, where standard output is for a document or for nobody.</summary>
    public static void Aside(ReportView view, Surroundings surroundings) =>
        surroundings.Error.Write(Text(view, surroundings, surroundings.ErrorIsTerminal));

    /// <summary>The failures of a batch, as the errors they are.</summary>
    public static void Failures(ReportView view, bool each, Surroundings surroundings)
    {
        foreach (string line in ReportFailure.Lines(view.Failures, each))
            surroundings.Complain(line);
        if (!each)
            return;
        foreach (string code in view.Failures.Select(failure => failure.Code).Distinct().Order(StringComparer.Ordinal))
            surroundings.Error.WriteLine($"see {ToolVersion.ErrorPage(code)}");
    }

    private static string Text(ReportView view, Surroundings surroundings, bool terminal)
    {
        using var text = new StringWriter { NewLine = "\n" };
        if (terminal && !surroundings.IsDumb)
            new TerminalView(text, surroundings.Width, surroundings.WantsColours).Write(view);
        else
            PlainView.Write(view, text);
        return text.ToString();
    }
}
