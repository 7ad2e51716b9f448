using Cake.Core.Diagnostics;
using KexecSign.Core;
using KexecSign.Core.Progress;
using KexecSign.Core.Reports;

namespace Cake.KexecSign;

/// <summary>Progress in Cake's log: lines for what takes longer than a second, details and every step at verbosity Verbose.</summary>
internal sealed class CakeRunLog(ICakeLog log) : IRunLog, IDisposable
{
    private readonly PlainProgress _progress = new(line => log.Information("{0}", line), TimeProvider.System);

    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0)
    {
        Detail(name);
        return _progress.Step(Printable.Line(name), totalBytes);
    }

    /// <inheritdoc/>
    public void Warning(string message) => log.Warning("{0}", Printable.Line(message));

    /// <inheritdoc/>
    public void Detail(string message) => log.Verbose("{0}", Printable.Line(message));

    /// <inheritdoc/>
    public void Dispose() => _progress.Dispose();
}
