using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using KexecSign.Core;
using KexecSign.Core.Errors;

namespace KexecSign.Programs;

/// <summary>
/// A program run as a child: an argument list and never a shell string, an environment of its own, nothing to read, and gone
/// with all its children when the run is cancelled.
/// </summary>
internal sealed class ChildProgram
{
    // A compiler needs these; whatever else the caller's environment holds (KBUILD_*, CC, CFLAGS, PINs) stays out.
    private static readonly string[] Inherited = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"];

    private readonly ProcessStartInfo _start;
    private readonly string _name;

    /// <summary>Describes a run.</summary>
    /// <param name="program">What to run.</param>
    /// <param name="arguments">Its arguments, each as it is.</param>
    /// <param name="context">Where PATH comes from.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS5002.</exception>
    public ChildProgram(SystemProgram program, IEnumerable<string> arguments, RunContext context)
    {
        _name = program.Name;
        _start = new(program.Find(context), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        _start.Environment.Clear();
        foreach (string name in Inherited)
        {
            if (context.Environment(name) is { } value)
                _start.Environment[name] = value;
        }
        _start.Environment["LC_ALL"] = "C";
        _start.Environment["TZ"] = "UTC";
    }

    /// <summary>The folder it runs in; empty for the current one.</summary>
    public string Folder
    {
        get => _start.WorkingDirectory;
        init => _start.WorkingDirectory = value;
    }

    /// <summary>A file that gets all output, behind what is there already; null for none.</summary>
    public string? LogFile { get; init; }

    /// <summary>A file that gets its standard output, and nothing else; null for none.</summary>
    public string? AnswerFile { get; init; }

    /// <summary>Sets a variable of its environment.</summary>
    public ChildProgram With(string variable, string value)
    {
        _start.Environment[variable] = value;
        return this;
    }

    /// <summary>Runs it and waits.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5003 when it cannot be started or does not end with 0.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; the program and its children were killed.</exception>
    public void Run(RunContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        context.Log.Detail(CommandLine());
        using var output = new ProgramOutput(LogFile);
        output.Announce("$ " + CommandLine());
        using var process = new Process { StartInfo = _start };
        using StreamWriter? answer = AnswerFile is null ? null : new(AnswerFile);
        process.OutputDataReceived += (_, line) =>
        {
            if (answer is null)
                output.Take(line.Data);
            else if (line.Data is not null)
                answer.WriteLine(line.Data);
        };
        process.ErrorDataReceived += (_, line) => output.Take(line.Data);
        Start(process);
        try
        {
            process.StandardInput.Close();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.WaitForExitAsync(context.Cancellation).GetAwaiter().GetResult();
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            throw;
        }
        if (process.ExitCode == 0)
            return;
        if (LogFile is not null)
            context.Log.Detail($"all output of {_name}: {LogFile}");
        throw OperationErrors.ProgramFailed.With(_name, ProgramEnding.Of(process.ExitCode), output.Failure);
    }

    /// <summary>Runs it until it ends, a line is enough, or time is up; its exit code does not matter.</summary>
    /// <param name="context">Run context.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="isEnough">Given each line of output and errors, in the order of each, and whether it is of errors; says whether to
    /// stop.</param>
    /// <returns>Whether it ended, or was told to, in time.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS5003 when it cannot be started.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public bool Watch(RunContext context, TimeSpan limit, Func<string, bool, bool> isEnough)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        context.Log.Detail(CommandLine());
        using var process = new Process { StartInfo = _start };
        using var enough = new CancellationTokenSource();
        bool stopped = false;
        Lock order = new();
        process.OutputDataReceived += (_, line) => Take(line.Data, isError: false);
        process.ErrorDataReceived += (_, line) => Take(line.Data, isError: true);
        Start(process);
        using var late = new CancellationTokenSource(limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation, late.Token, enough.Token);
        try
        {
            process.StandardInput.Close();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.WaitForExitAsync(either.Token).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException) when (!context.Cancellation.IsCancellationRequested)
        {
            return stopped;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        void Take(string? line, bool isError)
        {
            lock (order)
            {
                if (line is null || stopped || !isEnough(line, isError))
                    return;
                stopped = true;
            }
            enough.Cancel();
        }
    }

    /// <summary>Runs it, and has its standard output read as it comes.</summary>
    /// <param name="context">Run context.</param>
    /// <param name="read">Reads it; what it leaves is dropped.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS5003 when it cannot be started or does not end with 0.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; the program and its children were killed.</exception>
    /// <exception cref="IOException">What came is not what the reader expects, though the program says that all went well.</exception>
    public T Read<T>(RunContext context, Func<Stream, T> read)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        context.Log.Detail(CommandLine());
        using var output = new ProgramOutput(LogFile);
        using var process = new Process { StartInfo = _start };
        process.ErrorDataReceived += (_, line) => output.Take(line.Data);
        Start(process);
        // Its output ends when it does, and with that the reading.
        using CancellationTokenRegistration stop = context.Cancellation.Register(() => process.Kill(entireProcessTree: true));
        (T? answer, ExceptionDispatchInfo? broken) = (default, null);
        try
        {
            process.StandardInput.Close();
            process.BeginErrorReadLine();
            try
            {
                answer = read(process.StandardOutput.BaseStream);
            }
            catch (Exception failed) when (failed is IOException or InvalidDataException)
            {
                broken = ExceptionDispatchInfo.Capture(failed);
            }
            process.StandardOutput.BaseStream.CopyTo(Stream.Null);
            process.WaitForExit();
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            throw;
        }
        context.Cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
            throw OperationErrors.ProgramFailed.With(_name, ProgramEnding.Of(process.ExitCode), output.Failure);
        broken?.Throw();
        return answer!;
    }

    private void Start(Process process)
    {
        try
        {
            process.Start();
        }
        catch (Win32Exception refused)
        {
            throw OperationErrors.ProgramFailed.Because(refused, _name, "no start", "the system cannot run " + _start.FileName + ".");
        }
    }

    private string CommandLine() => string.Join(' ', _start.ArgumentList.Prepend(_name).Select(Quoted));

    private static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "-_=+:,./@%*".Contains(c, StringComparison.Ordinal))
            ? argument
            : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
