using KexecSign.Cli.Terminal;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Output;

/// <summary>Error lines: one line each, on a terminal wrapped between words.</summary>
internal static class ErrorLines
{
    public static void Complain(this Surroundings surroundings, string message)
    {
        string line = Printable.Line(message);
        if (!surroundings.ErrorIsTerminal)
        {
            surroundings.Error.WriteLine(line);
            return;
        }
        foreach (string part in Wrapping.Lines(line, surroundings.Width))
            surroundings.Error.WriteLine(part);
    }
}
