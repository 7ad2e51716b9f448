using System.Diagnostics;
using System.Text;

namespace KexecSign.Fixtures;

/// <summary>A program that runs. Both its streams are read while it does; it ends with the test, and all that it started.</summary>
public sealed class RunningProcess : IDisposable
{
    private readonly ProcessRun _run;
    private readonly Process _process;
    private readonly MemoryStream _output = new(), _error = new();
    private readonly Task _streams;

    internal RunningProcess(ProcessRun run)
    {
        _run = run;
        var start = new ProcessStartInfo(run.Program, run.Arguments)
        {
            WorkingDirectory = run.Folder ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (run.Without is { } without)
        {
            foreach (string name in start.Environment.Keys.Where(name => without(name)).ToArray())
                start.Environment.Remove(name);
        }
        foreach ((string name, string value) in run.Environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _streams = Task.WhenAll(
            Read(_process.StandardOutput.BaseStream, _output), Read(_process.StandardError.BaseStream, _error), Write(run.Input));
    }

    /// <summary>Number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it has said so far, on standard output and then on standard error.</summary>
    public string SaidSoFar => Encoding.UTF8.GetString(Taken(_output)) + Encoding.UTF8.GetString(Taken(_error));

    /// <summary>Waits until something holds or the program has ended.</summary>
    /// <returns>Whether the program still runs, and what was waited for holds.</returns>
    public bool Until(Func<bool> holds, TimeSpan patience) => SpinWait.SpinUntil(() => HasExited || holds(), patience) && !HasExited;

    /// <summary>Waits for its end; false when that did not come in time.</summary>
    public bool Wait(TimeSpan patience) => _process.WaitForExit(patience);

    /// <summary>Waits for its end.</summary>
    /// <exception cref="InvalidOperationException">It did not end in time; it was killed.</exception>
    public ProcessAnswer End()
    {
        if (!_process.WaitForExit(_run.Patience))
        {
            Kill();
            throw new InvalidOperationException($"{_run} did not end within {_run.Patience.TotalSeconds} seconds:\n{SaidSoFar}");
        }
        // Who inherited its streams may still hold them.
        if (!_streams.Wait(_run.Patience))
            throw new InvalidOperationException($"{_run} has ended, and something that it started still holds its output:\n{SaidSoFar}");
        return new(_process.ExitCode, Taken(_output), Taken(_error));
    }

    /// <summary>Kills it and all that it started.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static byte[] Taken(MemoryStream stream)
    {
        lock (stream)
            return stream.ToArray();
    }

    private static async Task Read(Stream from, MemoryStream to)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            for (int count; (count = await from.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            {
                lock (to)
                    to.Write(buffer, 0, count);
            }
        }
        catch (ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Write(ReadOnlyMemory<byte> input)
    {
        try
        {
            await using Stream to = _process.StandardInput.BaseStream;
            await to.WriteAsync(input).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // It ended, or does not want to read; what that means its exit code tells.
        }
    }
}
