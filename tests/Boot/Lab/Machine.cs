using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>A virtual machine without KVM, whose serial console is read line by line.</summary>
internal static partial class Machine
{
    private static readonly string[] Common = ["-accel", "tcg", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"];

    /// <summary>Runs it until it stops, a line is enough, or time is up; gives all that it said.</summary>
    /// <param name="program">QEMU for an architecture.</param>
    /// <param name="arguments">QEMU's, besides those of every machine.</param>
    /// <param name="enough">Whether to stop behind this line.</param>
    /// <param name="seconds">Time limit.</param>
    /// <param name="drawn">Whether lines are looked at before they end, too: what is drawn on a screen and waits for a key ends none.</param>
    public static string Run(string program, IEnumerable<string> arguments, Predicate<string> enough, int seconds = 240, bool drawn = false)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (IEnumerable<string>)[.. Common, .. arguments])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        var console = new StringBuilder();
        bool late = false;
        using (new Timer(_ => { late = true; Stop(process); }, null, seconds * 1000, Timeout.Infinite))
        {
            foreach (string raw in drawn ? Pieces(process.StandardOutput) : Lines(process.StandardOutput))
            {
                // Firmware clears the screen and places its cursor.
                string line = Escapes().Replace(raw, "").Replace("\r", "", StringComparison.Ordinal);
                if (line.Length > 0)
                    console.Append(line).Append('\n');
                if (enough(line))
                    break;
            }
            Stop(process);
        }
        process.WaitForExit();
        console.Append(errors.Result);
        if (late)
            console.Append($"(stopped after {seconds} seconds)\n");
        return console.ToString();
    }

    private static IEnumerable<string> Lines(StreamReader from)
    {
        while (from.ReadLine() is { } line)
            yield return line;
    }

    // Where the cursor is placed something new begins; the last piece is given again with whatever came since.
    private static IEnumerable<string> Pieces(StreamReader from)
    {
        char[] chunk = new char[4096];
        string open = "";
        for (int count; (count = from.Read(chunk)) > 0;)
        {
            string[] pieces = Places().Split(open + new string(chunk, 0, count));
            foreach (string piece in pieces)
                yield return piece;
            open = pieces[^1];
        }
    }

    private static void Stop(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    [GeneratedRegex(@"\n|\x1b\[[0-9]+;[0-9]+H")]
    private static partial Regex Places();

    [GeneratedRegex(@"\x1b\[[0-9;=?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
