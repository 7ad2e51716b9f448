using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>A program that runs beside a test and ends with it.</summary>
internal sealed class Daemon : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly RunningProcess _process;

    private Daemon(RunningProcess process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts it and waits until the socket that it serves is there.</summary>
    public static Daemon Start(string program, string[] arguments, string socket, Dictionary<string, string> environment)
    {
        RunningProcess process = new ProcessRun(program, arguments) { Environment = environment }.Start();
        if (process.Until(() => File.Exists(socket), Patience))
            return new(process);
        using (process)
            throw new InvalidOperationException($"{program} does not serve {socket}: {process.SaidSoFar}");
    }

    public void Dispose() => _process.Dispose();
}
