using Cake.Core;
using Cake.Core.Diagnostics;
using KexecSign.Commands.Offline;
using KexecSign.Configuration;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Programs;
using KexecSign.Qemu;

namespace Cake.KexecSign;

/// <summary>A run of operations that share opened tokens: one login, however many files and steps.</summary>
public sealed class KexecSignSession : IDisposable
{
    private readonly ICakeLog _log;
    private readonly CakeRunLog _progress;
    private readonly RunContext _run;

    internal KexecSignSession(ICakeContext context)
    {
        _log = context.Log;
        CakeRunLog log = _progress = new CakeRunLog(_log);
        _run = new RunContext
        {
            // A build never asks: a PIN comes from where the options say.
            Keyring = new Keyring(context.Environment.GetEnvironmentVariable, prompt: null, log.Warning, tryModule: null,
                SignerProgram.Run),
            Log = log,
            Environment = context.Environment.GetEnvironmentVariable,
            Elsewhere = BundledKeys.ForRun,
            Settings = new Configurations
            {
                Folder = context.Environment.WorkingDirectory.FullPath,
                Environment = context.Environment.GetEnvironmentVariable,
            }.Settings(log),
        };
    }

    /// <summary>Runs one operation, logs its report, and gives back what it found.</summary>
    /// <exception cref="CakeException">It was refused or failed; the message is the KS line, the exit code that of the command
    /// line.</exception>
    public TResult Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : OperationResult
    {
        BundledResult? bundled = null;
        TResult result = Carry(() => operation.Run(options, _run, out bundled), operation);
        ReportView view = bundled?.View() ?? result.View();
        foreach (string line in PlainView.Lines(view))
            _log.Information("{0}", line);
        if (result.Exit is ExitCode.Done)
            return result;
        foreach (string line in ReportFailure.Lines(view.Failures, each: _log.Verbosity >= Verbosity.Verbose))
            _log.Error("{0}", Printable.Line(line));
        string first = !view.Failures.IsEmpty ? Printable.Line(view.Failures[0].Message)
            : view.Notes.IsEmpty ? view.Title
            : Printable.Line(view.Notes[0]);
        throw new CakeException((int)result.Exit, $"kexecsign {operation.Name}: {first}");
    }

    /// <summary>
    /// Options of an operation as the command line would fill them in from the configuration: named keys as <c>@NAME</c>, a profile, trust.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="values">Names of options and arguments as help has them, and their values as typed on the command line.</param>
    /// <exception cref="CakeException">A name is not known; the message is the KS line.</exception>
    public TOptions Options<TOptions, TResult>(Operation<TOptions, TResult> operation, params (string Name, string Value)[] values)
        where TOptions : class, new()
        where TResult : OperationResult => Carry(() =>
    {
        var request = new OperationRequest(operation);
        foreach ((string name, string value) in values)
        {
            if (operation.Arguments.FirstOrDefault(argument => argument.Name == name) is { } argument)
                request.Give(argument, value);
            else
                request.Set(name, value);
        }
        return (TOptions)request.Complete(_run);
    });

    /// <summary>Makes a folder that boots an image in QEMU.</summary>
    internal BootLabFiles BootLab(BootLabOptions options) => Carry(() => global::KexecSign.Qemu.BootLab.Write(options, _run));

    /// <summary>Logs out and closes every session.</summary>
    public void Dispose()
    {
        _run.Dispose();
        _progress.Dispose();
    }

    private static T Carry<T>(Func<T> work, Operation? operation = null)
    {
        using IDisposable words = FaceWords.Speak(new ScriptWords(operation));
        try
        {
            return work();
        }
#pragma warning disable CA1031 // Whatever it is, the script gets the KS line.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            KexecSignException error = Failure.Explain(thrown);
            throw new CakeException((int)error.Code.Exit(), Printable.Line(error.Message), thrown);
        }
    }
}
