using System.Diagnostics;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>A program that runs beside a test and ends with it.</summary>
internal sealed class Daemon : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Process _process;

    private Daemon(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts it and waits until the socket that it serves is there.</summary>
    public static Daemon Start(string program, string[] arguments, string socket, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        Process process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!SpinWait.SpinUntil(() => File.Exists(socket) || process.HasExited, Patience) || process.HasExited)
            throw new InvalidOperationException($"{program} does not serve {socket}: {(process.HasExited ? errors.Result : "it is still starting")}");
        return new(process);
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
