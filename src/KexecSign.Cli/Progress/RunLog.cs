using KexecSign.Cli.Output;
using KexecSign.Cli.Terminal;
using KexecSign.Core;
using KexecSign.Core.Progress;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Progress;

/// <summary>
/// Progress on standard error: on a terminal one line that changes four times a second, elsewhere lines for what takes long.
/// Steps may run side by side; on a terminal the line is that of the one that moved last.
/// </summary>
internal sealed class RunLog : IRunLog, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<RunningStep> _running = [];
    private readonly TextWriter _error;
    private readonly PlainProgress? _plain;
    private readonly int _width;
    private readonly bool _verbose;
    private readonly TimeProvider _clock;
    private ITimer? _timer;
    private bool _lineShown;

    private RunLog(TextWriter error, bool terminal, int width, bool verbose, TimeProvider clock)
    {
        _error = error;
        _plain = terminal ? null : new PlainProgress(Line, clock);
        _width = width;
        _verbose = verbose;
        _clock = clock;
    }

    public static RunLog For(Surroundings surroundings, bool verbose) =>
        new(surroundings.Error, surroundings.ErrorIsTerminal && !surroundings.IsDumb, surroundings.Width, verbose, surroundings.Clock);

    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0)
    {
        string safe = Printable.Line(name);
        if (_plain is not null)
        {
            Detail(safe);
            return _plain.Step(safe, totalBytes);
        }
        var step = new RunningStep(safe, totalBytes, _clock, End);
        lock (_lock)
        {
            _running.Add(step);
            _timer ??= _clock.CreateTimer(_ => Look(), null, Pause, Pause);
        }
        return step;
    }

    /// <inheritdoc/>
    public void Warning(string message) => Line("warning: " + message);

    /// <inheritdoc/>
    public void Detail(string message)
    {
        if (_verbose)
            Line(message);
    }

    /// <summary>Takes the changing line away, before something else is written.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_lineShown)
                _error.Write("\r\e[K");
            _lineShown = false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _plain?.Dispose();
        lock (_lock)
        {
            _timer?.Dispose();
            _running.Clear();
            Clear();
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            if (_running.MaxBy(step => step.Moved) is not { } step)
                return;
            string text = step.Text;
            _error.Write("\r\e[K" + (text.Length < _width ? text : text[..(_width - 1)]));
            _lineShown = true;
        }
    }

    private void End(RunningStep step)
    {
        lock (_lock)
        {
            if (!_running.Remove(step))
                return;
            if (step.Elapsed >= WorthTelling)
                Line($"{step.Name}: done in {step.Elapsed.TotalSeconds:0.0} s");
            else
                Clear();
        }
    }

    private void Line(string text)
    {
        lock (_lock)
        {
            Clear();
            string line = Printable.Line(text);
            // Off a terminal a message is one line, for whoever searches a log.
            foreach (string part in _plain is null ? Wrapping.Lines(line, _width) : [line])
                _error.WriteLine(part);
        }
    }
}
