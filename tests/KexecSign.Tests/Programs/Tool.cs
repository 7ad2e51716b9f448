using System.Diagnostics;

namespace KexecSign.Tests.Programs;

/// <summary>A tool from Debian that tests run beside the product.</summary>
internal static class Tool
{
    public static string Run(string program, params string[] arguments) => RunIn("", program, arguments);

    public static string RunIn(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {output}{errors.Result}");
        return output;
    }

    /// <summary>Skips the test when something is missing, unless KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(string program, string package) =>
        Require(
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))),
            $"{program} is missing; apt-get install {package}");

    public static void Require(bool there, string reason)
    {
        if (!there && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException(reason);
        Skip.IfNot(there, reason);
    }
}
