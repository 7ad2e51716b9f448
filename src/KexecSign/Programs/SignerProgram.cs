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
    private const uint OthersWrite = 0x12, AnybodyWrites = 0x2, Execute = 0x49;
    private const int MaxSaying = 200, MaxErrors = 64 << 10, MaxLinks = 40;
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
            return process.ExitCode == 0 ? answer.Bytes() : throw Failed(call, Ending(process.ExitCode), LastLine(said.Bytes()));
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

    // A program that another user may have put there would be asked for signatures, and given this user's rights.
    private static void RequireOwn(string program)
    {
        try
        {
            if (Wrong(program) is { } wrong)
                throw KeyErrors.ProgramUnusable.With(program, wrong);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.ProgramUnusable.Because(cause, program, cause.Message.ReplaceLineEndings(" ").TrimEnd('.', ' '));
        }
    }

    // Goes the path as the system does, part by part and through each link, so that every folder where a part of it is looked up is
    // seen: whoever may rename there decides what is run. After that the path as given is as good as the resolved one, and it is what
    // is started, because programs of many names (busybox) go by the name that they are run under.
    private static string? Wrong(string program)
    {
        var parts = new Stack<string>();
        Push(parts, program);
        string at = "/";
        int links = 0;
        if (FileFacts.Of(at) is { } top && WrongFolder(at, top) is { } root)
            return root;
        while (parts.TryPop(out string? part))
        {
            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? "/";
                continue;
            }
            string next = Path.Combine(at, part);
            FileFacts? facts = FileFacts.Of(next, followLink: false);
            if (facts is null)
                return "it does not exist";
            if (facts.Kind == FileKind.Link)
            {
                if (IsForeign(facts))
                    return $"the link '{next}' belongs to user {facts.Owner}";
                if (++links > MaxLinks || new FileInfo(next).LinkTarget is not { } target)
                    return $"the link '{next}' leads nowhere";
                Push(parts, target);
                at = target.StartsWith('/') ? "/" : at;
                continue;
            }
            if (parts.Count == 0)
                return WrongFile(facts);
            if (WrongFolder(next, facts) is { } folder)
                return folder;
            at = next;
        }
        return "it is a folder";
    }

    private static void Push(Stack<string> parts, string path)
    {
        foreach (string part in path.Split('/').Where(part => part is not ("" or ".")).Reverse())
            parts.Push(part);
    }

    private static string? WrongFolder(string folder, FileFacts facts) => facts switch
    {
        { Kind: not FileKind.Folder } => $"'{folder}' is no folder",
        _ when IsForeign(facts) => $"its folder '{folder}' belongs to user {facts.Owner}",
        // The caller's own group may write many a home folder; in a sticky one (/tmp) nobody takes away what is another's.
        { Mode: var mode, IsSharedSticky: false } when (mode & AnybodyWrites) != 0 =>
            $"the mode of its folder '{folder}' is {Octal(mode)}, so that others may replace it",
        _ => null,
    };

    private static string? WrongFile(FileFacts facts) => facts switch
    {
        { Kind: not FileKind.Regular } => $"it is {facts.Described}",
        { Mode: var mode } when (mode & OthersWrite) != 0 => $"its mode is {Octal(mode)}, so that others may write it",
        { Mode: var mode } when (mode & Execute) == 0 => $"its mode is {Octal(mode)}, so that nobody may run it",
        _ when IsForeign(facts) => $"it belongs to user {facts.Owner}",
        _ => null,
    };

    private static bool IsForeign(FileFacts facts) => facts.Owner != 0 && facts.Owner != Libc.EffectiveUser();

    private static string Octal(uint mode) => Convert.ToString(mode, 8).PadLeft(4, '0');

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

    // .NET gives 128 + signal for a killed child, and a program may end with such a code by itself. The last signal is 64.
    private static string Ending(int code) => code is > 128 and <= 192 ? $"exit code {code} or signal {code - 128}" : $"exit code {code}";

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
