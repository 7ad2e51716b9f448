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
    public static string Run(string program, IEnumerable<string> arguments, Predicate<string> enough, int seconds = 240)
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
            while (process.StandardOutput.ReadLine() is { } raw)
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

    [GeneratedRegex(@"\x1b\[[0-9;=?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
