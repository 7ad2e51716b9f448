using System.Diagnostics;
using System.Text.Json;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>What the program answered.</summary>
internal sealed record Answer(int Exit, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;
}

/// <summary>Runs the real program as a process of its own, as users do.</summary>
internal static class KexecSignProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Answer Run(params string[] arguments) => RunWith([], arguments);

    public static Answer RunWith(Dictionary<string, string> environment, params string[] arguments) =>
        Start(ProgramUnderTest.Path, environment, arguments);

    /// <summary>Runs another program, which starts this one.</summary>
    public static Answer RunAs(string starter, string[] arguments) => Start(starter, [], arguments);

    /// <summary>Runs the program by another runtime than that of this machine.</summary>
    public static Answer RunBy(string dotnet, Dictionary<string, string> environment, params string[] arguments) =>
        Start(dotnet, environment, [Path.Combine(AppContext.BaseDirectory, "KexecSign.Cli.dll"), .. arguments]);

    private static Answer Start(string program, Dictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"kexecsign {string.Join(' ', arguments)} did not end");
        }
        return new(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Runs something that must work.</summary>
    public static Answer Succeed(params string[] arguments)
    {
        Answer answer = Run(arguments);
        answer.Exit.ShouldBe(0, answer.Error);
        return answer;
    }
}
