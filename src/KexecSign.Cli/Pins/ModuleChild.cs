using System.Diagnostics;
using System.Text;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pkcs11;
using KexecSign.Programs;

namespace KexecSign.Cli.Pins;

/// <summary>
/// Tries a PKCS#11 module in a child of this program before it is loaded here: what crashes there, and what it said, becomes one line.
/// </summary>
internal static class ModuleChild
{
    /// <summary>The hidden command that the child is.</summary>
    public const string Command = "try-module";

    private const int LongestSaying = 300;

    // A build with throw-away keys signs as quickly as the child starts, and every test of this project loads this one.
    private const string Known = "libsofthsm2.so";

    /// <summary>Raises KS2014 when the module does not survive being loaded and initialised, KS2028 when it hangs.</summary>
    public static void Try(string path, TimeSpan deadline)
    {
        if (Path.GetFileName(path) == Known && path.StartsWith("/usr/lib", StringComparison.Ordinal))
            return;
        ProcessStartInfo? start = Start(path);
        if (start is null)
            return;
        using Process child = Process.Start(start)!;
        child.StandardInput.Close();
        Task<string> output = child.StandardOutput.ReadToEndAsync(), error = child.StandardError.ReadToEndAsync();
        if (!child.WaitForExit(deadline))
        {
            child.Kill(entireProcessTree: true);
            throw KeyErrors.TokenHangs.With($"module {path}", deadline.TotalSeconds);
        }
        // A daemon that the module has started may keep the pipes; what came until now is enough.
        output.Wait(TimeSpan.FromMilliseconds(500));
        string[] said = output.IsCompletedSuccessfully ? output.Result.Split('\n') : [ModuleTrial.Done];
        if (!said.Contains(ModuleTrial.Done))
            throw KeyErrors.ModuleCrashed.With(path, said.Contains(ModuleTrial.Loaded) ? "initialised" : "loaded", ProgramEnding.Of(child.ExitCode),
                error.Wait(100) ? Saying(error.Result) : "");
    }

    /// <summary>What the child does.</summary>
    public static void Run(string path, Stream output)
    {
        ModuleTrial.Run(path, word =>
        {
            output.Write(Encoding.ASCII.GetBytes(word + "\n"));
            output.Flush();
        });
    }

    // This program again: as one file, or as an assembly that 'dotnet' runs. Null where neither is to be found.
    private static ProcessStartInfo? Start(string path)
    {
        string? program = Environment.ProcessPath;
        if (program is null)
            return null;
        List<string> arguments = [Command, path];
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            string assembly = Path.Combine(AppContext.BaseDirectory, typeof(ModuleChild).Assembly.GetName().Name + ".dll");
            if (!File.Exists(assembly))
                return null;
            arguments.Insert(0, assembly);
        }
        return new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
    }

    private static string Saying(string error)
    {
        string line = error.Split('\n').Select(l => l.Trim()).LastOrDefault(l => l.Length > 0) ?? "";
        var clean = new StringBuilder();
        foreach (char character in line.AsSpan(0, Math.Min(line.Length, LongestSaying)))
            clean.Append(char.IsControl(character) ? ' ' : character);
        return clean.Length == 0 ? "" : $"; it said: {clean}";
    }
}
