using KexecSign.Fixtures;

namespace KexecSign.Boot.Tests.Tools;

/// <summary>Programs of Debian that take their time: they pack whole systems.</summary>
internal static class Command
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    public static (int Exit, string Output) Run(string program, params string[] arguments) => Run(program, arguments, []);

    public static (int Exit, string Output) Run(string program, string[] arguments, Dictionary<string, string> environment)
    {
        ProcessAnswer answer = new ProcessRun(program, arguments) { Environment = environment, Patience = Patience }.End();
        return (answer.Exit, answer.Said);
    }

    /// <summary>Skips the test when a program or file is missing, unless KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(string program, string package) => Tool.Demand(Tool.Find(program), $"{program} is missing; apt-get install {package}");

    /// <summary>Skips the test when something is missing, unless KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(bool there, string otherwise) => Tool.Demand(there, otherwise);
}
