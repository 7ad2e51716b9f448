using System.Runtime.CompilerServices;
using KexecSign.Cli.Terminal;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Output;

/// <summary>Shows a result to a person: with tables on a terminal, as aligned text elsewhere.</summary>
internal static class ViewOutput
{
    public static void Show(ReportView view, Surroundings surroundings)
    {
        if (surroundings.ErrorIsTerminal && surroundings.Environment("TERM") is not "dumb")
            ShowOnTerminal(view, surroundings);
        else
            PlainView.Write(view, surroundings.Error);
    }

    // A method of its own, so that Spectre.Console is loaded only when it is used.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ShowOnTerminal(ReportView view, Surroundings surroundings) =>
        TerminalView.Write(view, surroundings.Error, surroundings.Width, colours: string.IsNullOrEmpty(surroundings.Environment("NO_COLOR")));
}
