using System.Diagnostics;

namespace KexecSign.Boot.Tests.Tools;

/// <summary>Runs a program of Debian.</summary>
internal static class Command
{
    public static (int Exit, string Output) Run(string program, params string[] arguments) => Run(program, arguments, []);

    public static (int Exit, string Output) Run(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    /// <summary>Skips the test when a program or file is missing, unless KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(string program, string package)
    {
        bool there = Path.IsPathRooted(program)
            ? File.Exists(program)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
        Require(there, $"{program} is missing; apt-get install {package}");
    }

    /// <summary>Skips the test when something is missing, unless KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(bool there, string otherwise)
    {
        if (!there && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException(otherwise);
        Skip.IfNot(there, otherwise);
    }
}
