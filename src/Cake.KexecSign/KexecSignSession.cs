using Cake.Core;
using Cake.Core.Diagnostics;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Qemu;

namespace Cake.KexecSign;

/// <summary>A run of operations that share opened tokens: one login, however many files and steps.</summary>
public sealed class KexecSignSession : IDisposable
{
    private readonly ICakeLog _log;
    private readonly RunContext _run;

    internal KexecSignSession(ICakeContext context)
    {
        _log = context.Log;
        var log = new CakeRunLog(_log);
        _run = new RunContext
        {
            // A build never asks: a PIN comes from where the options say.
            Keyring = new Keyring(context.Environment.GetEnvironmentVariable, prompt: null, log.Warning),
            Log = log,
            Environment = context.Environment.GetEnvironmentVariable,
        };
    }

    /// <summary>Runs one operation, logs its report, and gives back what it found.</summary>
    /// <exception cref="CakeException">It was refused or failed; the message is the KS line, the exit code that of the command line.</exception>
    public TResult Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : OperationResult
    {
        TResult result = Carry(() => operation.Run(options, _run));
        ReportView view = result.View();
        foreach (string line in PlainView.Lines(view))
            _log.Information("{0}", line);
        if (result.Exit is ExitCode.Done)
            return result;
        string first = view.Notes.IsEmpty ? view.Title : Printable.Line(view.Notes[0]);
        throw new CakeException((int)result.Exit, $"kexecsign {operation.Name}: {first}");
    }

    /// <summary>Makes a folder that boots an image in QEMU.</summary>
    internal BootLabFiles BootLab(BootLabOptions options) => Carry(() => global::KexecSign.Qemu.BootLab.Write(options, _run));

    /// <summary>Logs out and closes every session.</summary>
    public void Dispose() => _run.Dispose();

    private static T Carry<T>(Func<T> work)
    {
        try
        {
            return work();
        }
#pragma warning disable CA1031 // Whatever it is, the script gets the KS line.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            KexecSignException error = Failure.Explain(thrown);
            throw new CakeException((int)error.Code.Exit, Printable.Line(error.Message), thrown);
        }
    }
}
