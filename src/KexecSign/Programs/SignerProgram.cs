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
    private const uint OthersWrite = 0x12, Execute = 0x49;
    private const int MaxSaying = 200, MaxErrors = 64 << 10;

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
        try
        {
            Task<byte[]> answer = ReadAsync(process.StandardOutput.BaseStream, call.MaxAnswer, either.Token);
            Task<byte[]> errors = ReadAsync(process.StandardError.BaseStream, MaxErrors, either.Token);
            Give(process, call.Input);
            process.WaitForExitAsync(either.Token).GetAwaiter().GetResult();
            byte[] said = errors.GetAwaiter().GetResult();
            return process.ExitCode == 0 ? answer.GetAwaiter().GetResult() : throw Failed(call, Ending(process.ExitCode), LastLine(said));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Failed(call, string.Create(CultureInfo.InvariantCulture, $"no answer within {call.Limit.TotalSeconds} s"),
                "it was killed");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    // A program that another user may have put there would be asked for signatures, and given this user's rights.
    private static void RequireOwn(string program)
    {
        FileFacts facts = FileFacts.Of(program) ?? throw KeyErrors.ProgramUnusable.With(program, "it does not exist");
        string? wrong = facts switch
        {
            { Kind: not FileKind.Regular } => $"it is {facts.Described}",
            { Mode: var mode } when (mode & OthersWrite) != 0 =>
                $"its mode is {Convert.ToString(mode, 8).PadLeft(4, '0')}, so that others may write it",
            { Mode: var mode } when (mode & Execute) == 0 =>
                $"its mode is {Convert.ToString(mode, 8).PadLeft(4, '0')}, so that nobody may run it",
            { Owner: var owner } when owner != 0 && owner != Libc.EffectiveUser() => $"it belongs to user {owner}",
            _ => null,
        };
        if (wrong is not null)
            throw KeyErrors.ProgramUnusable.With(program, wrong);
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
    private static void Give(Process process, ReadOnlyMemory<byte> input)
    {
        try
        {
            using Stream stream = process.StandardInput.BaseStream;
            stream.Write(input.Span);
        }
        catch (IOException)
        {
        }
    }

    // More than there may be is read and dropped, or the program would wait for ever.
    private static async Task<byte[]> ReadAsync(Stream stream, int most, CancellationToken cancellation)
    {
        var kept = new MemoryStream();
        byte[] buffer = new byte[4096];
        for (int read; (read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            kept.Write(buffer, 0, (int)Math.Min(read, most - kept.Length));
        return kept.ToArray();
    }

    private static Formats.Errors.KexecSignException Failed(ProgramCall call, string ending, string said) =>
        KeyErrors.ProgramFailed.With(call.Program, string.Join(' ', call.Arguments), ending, said);

    // .NET gives 128 + signal for a killed child.
    private static string Ending(int code) => code > 128 ? $"signal {code - 128}" : $"exit code {code}";

    private static string LastLine(byte[] said)
    {
        string? line = System.Text.Encoding.UTF8.GetString(said).Split('\n').Select(l => l.Trim()).LastOrDefault(l => l.Length > 0);
        return line is null ? "it said nothing" : "it said: " + (line.Length > MaxSaying ? line[..MaxSaying] : line).TrimEnd('.');
    }
}
