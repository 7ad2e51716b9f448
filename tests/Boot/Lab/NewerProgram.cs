using KexecSign.Fixtures;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>The program, run with Debian 13's OpenSSL, which has ML-DSA.</summary>
internal sealed class NewerProgram : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _dotnet;

    public NewerProgram()
    {
        OpenSsl = OpenSsl35.Require();
        _dotnet = OpenSsl.Dotnet(_folder);
    }

    /// <summary>That OpenSSL's own programs.</summary>
    public OpenSsl35 OpenSsl { get; }

    public void Dispose() => _folder.Dispose();

    /// <summary>Runs what must work.</summary>
    public void Succeed(params IEnumerable<string> arguments)
    {
        ProcessAnswer answer = Run(arguments);
        answer.Exit.ShouldBe(0, answer.Said);
    }

    /// <summary>Runs what may answer anything.</summary>
    public ProcessAnswer Run(params IEnumerable<string> arguments) =>
        new ProcessRun(_dotnet, [Path.Combine(AppContext.BaseDirectory, "KexecSign.Cli.dll"), .. arguments]) { Environment = OpenSsl.Environment }.End();
}
