using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using KexecSign.Files;
using KexecSign.Keys.Errors;
using KexecSign.Keys.External;

namespace KexecSign.Programs;

/// <summary>
/// Runs a program that signs (<c>exec:</c>). It has the caller's environment, where services' command lines look for their settings;
/// PINs were taken out of that before. What it answers is believed by nobody: the key checks each signature.
/// </summary>
public static class SignerProgram
{
    private const int MaxSaying = 200, MaxErrors = 64 << 10;
    private static readonly TimeSpan AfterEnd = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs it and gives what it wrote to standard output.</summary>
    /// <param name="call">What to run, and what it gets.</param>
    /// <param name="cancellation">Kills it, with all its children.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS2081, KS2082.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static byte[] Run(ProgramCall call, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(call);
        cancellation.ThrowIfCancellationRequested();
        RequireOwn(call.Program);
        using var process = new Process { StartInfo = Start(call) };
        using var late = new CancellationTokenSource(call.Limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            process.Start();
        }
        catch (Win32Exception refused)
        {
            throw KeyErrors.ProgramUnusable.Because(refused, call.Program, "the system cannot run it");
        }
        Stream input = process.StandardInput.BaseStream, output = process.StandardOutput.BaseStream;
        Stream errors = process.StandardError.BaseStream;
        CancellationToken stop = either.Token;
        try
        {
            var answer = new Taken(call.MaxAnswer);
            var said = new Taken(MaxErrors);
            Task reading = Task.WhenAll(
                Task.Run(() => answer.ReadAsync(output, stop), stop), Task.Run(() => said.ReadAsync(errors, stop), stop));
            // Beside the waiting: a program that does not read would hold a long input, and with it the limit, for ever.
            _ = Task.Run(() => GiveAsync(input, call.Input, stop), stop);
            if (!EndsInTime(process, stop))
            {
                string fate = Kill(process) ? "it was killed" : "it could not be killed";
                cancellation.ThrowIfCancellationRequested();
                throw Failed(call, string.Create(CultureInfo.InvariantCulture, $"no answer within {call.Limit.TotalSeconds} s"), fate);
            }
            // A child that it left in the background may hold its output open for as long as it likes, and is not ours to wait for.
            Task.WhenAny(reading, Task.Delay(AfterEnd, CancellationToken.None)).GetAwaiter().GetResult();
            return process.ExitCode == 0 ? answer.Bytes() : throw Failed(call, ProgramEnding.Of(process.ExitCode), LastLine(said.Bytes()));
        }
        finally
        {
            if (!process.HasExited)
                Kill(process);
            either.Cancel();
            output.Dispose();
            errors.Dispose();
        }
    }

    private static bool EndsInTime(Process process, CancellationToken stop)
    {
        try
        {
            process.WaitForExitAsync(stop).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return process.HasExited;
        }
    }

    // A program that runs as another user, by its set-user-ID bit for instance, is not ours to kill.
    private static bool Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
            return true;
        }
        catch (Exception refused) when (refused is Win32Exception or AggregateException or InvalidOperationException)
        {
            return false;
        }
    }

    // What is started is the path as given: programs of many names (busybox) go by the name that they are run under.
    private static void RequireOwn(string program)
    {
        try
        {
            if (OwnPath.FaultOfProgram(program) is { } wrong)
                throw KeyErrors.ProgramUnusable.With(program, wrong);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.ProgramUnusable.Because(cause, program, cause.Message.ReplaceLineEndings(" ").TrimEnd('.', ' '));
        }
    }

    private static ProcessStartInfo Start(ProgramCall call)
    {
        var start = new ProcessStartInfo(call.Program, call.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach ((string name, string value) in call.Variables)
            start.Environment[name] = value;
        return start;
    }

    // Who does not read what it gets says by its exit code whether that was right.
    private static async Task GiveAsync(Stream stream, ReadOnlyMemory<byte> input, CancellationToken stop)
    {
        try
        {
            await using (stream.ConfigureAwait(false))
                await stream.WriteAsync(input, stop).ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private static Formats.Errors.KexecSignException Failed(ProgramCall call, string ending, string said) =>
        KeyErrors.ProgramFailed.With(call.Program, string.Join(' ', call.Arguments), ending, said);

    private static string LastLine(byte[] said)
    {
        string? line = System.Text.Encoding.UTF8.GetString(said).Split('\n').Select(l => l.Trim()).LastOrDefault(l => l.Length > 0);
        return line is null ? "it said nothing" : "it said: " + (line.Length > MaxSaying ? line[..MaxSaying] : line).TrimEnd('.');
    }

    // What a program has written so far, to be had at any time. More than there may be is read and dropped, or it would wait for ever.
    private sealed class Taken(int most)
    {
        private readonly List<byte> _kept = [];
        private readonly Lock _lock = new();

        public byte[] Bytes()
        {
            lock (_lock)
                return [.. _kept];
        }

        public async Task ReadAsync(Stream stream, CancellationToken stop)
        {
            byte[] buffer = new byte[4096];
            try
            {
                for (int read; (read = await stream.ReadAsync(buffer, stop).ConfigureAwait(false)) > 0;)
                    Keep(buffer.AsSpan(0, read));
            }
            catch (Exception ended) when (ended is IOException or OperationCanceledException or ObjectDisposedException)
            {
            }
        }

        private void Keep(ReadOnlySpan<byte> bytes)
        {
            lock (_lock)
                _kept.AddRange(bytes[..Math.Min(bytes.Length, most - _kept.Count)]);
        }
    }
}
