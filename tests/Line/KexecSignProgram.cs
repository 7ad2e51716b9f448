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
        ProcessAnswer answer = new ProcessRun(program, arguments) { Environment = environment }.End();
        return new(answer.Exit, answer.Output, answer.Error);
    }

    /// <summary>Runs something that must work.</summary>
    public static Answer Succeed(params string[] arguments)
    {
        Answer answer = Run(arguments);
        answer.Exit.ShouldBe(0, answer.Error);
        return answer;
    }
}
