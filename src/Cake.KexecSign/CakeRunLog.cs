using System.Diagnostics;
using Cake.Core.Diagnostics;
using KexecSign.Core;
using KexecSign.Core.Reports;

namespace Cake.KexecSign;

/// <summary>Progress in Cake's log: a line when a step begins, one every ten seconds, details at verbosity Verbose.</summary>
internal sealed class CakeRunLog(ICakeLog log) : IRunLog
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0)
    {
        log.Information("{0}", Printable.Line(name));
        return new RunningStep(log, Printable.Line(name), totalBytes);
    }

    /// <inheritdoc/>
    public void Warning(string message) => log.Warning("{0}", Printable.Line(message));

    /// <inheritdoc/>
    public void Detail(string message) => log.Verbose("{0}", Printable.Line(message));

    private sealed class RunningStep(ICakeLog log, string name, long total) : IRunStep
    {
        private long _shown = Stopwatch.GetTimestamp();
        private long _done;

        public void Advance(long bytes)
        {
            long done = Interlocked.Add(ref _done, bytes);
            long shown = Interlocked.Read(ref _shown);
            if (Stopwatch.GetElapsedTime(shown) < Pause || Interlocked.CompareExchange(ref _shown, Stopwatch.GetTimestamp(), shown) != shown)
                return;
            log.Information("{0}: {1:0.0} of {2:0.0} MB", name, done / 1e6, total / 1e6);
        }

        public void Dispose()
        {
        }
    }
}
