using System.Diagnostics;

namespace KexecSign.Formats.Tests.Tools;

/// <summary>Runs a tool from Debian that judges our output.</summary>
internal static class Command
{
    public static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    /// <summary>Skips the test when a tool is missing, unless KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(string path, string package)
    {
        bool there = Path.IsPathRooted(path)
            ? File.Exists(path)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, path)));
        if (!there && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException($"{path} is missing; apt-get install {package}");
        Skip.IfNot(there, $"{path} is missing; apt-get install {package}");
    }
}
