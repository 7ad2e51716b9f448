using KexecSign.Cli.Terminal;
using KexecSign.Core;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Progress;

/// <summary>
/// Progress on standard error. On a terminal one line changes, four times a second; elsewhere a step is told when it has run
/// for a second, then every ten seconds, and when it ends. What takes less than a second is told by <c>-v</c> alone. Steps may
/// run side by side; the line is that of the one that moved last.
/// </summary>
internal sealed class RunLog : IRunLog, IDisposable
{
    private static readonly TimeSpan TerminalPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PlainPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<RunningStep> _running = [];
    private readonly TextWriter _error;
    private readonly bool _terminal;
    private readonly int _width;
    private readonly bool _verbose;
    private readonly TimeProvider _clock;
    private ITimer? _timer;
    private bool _lineShown;

    private RunLog(TextWriter error, bool terminal, int width, bool verbose, TimeProvider clock)
    {
        _error = error;
        _terminal = terminal;
        _width = width;
        _verbose = verbose;
        _clock = clock;
    }

    public static RunLog For(Surroundings surroundings, bool verbose) =>
        new(surroundings.Error, surroundings.ErrorIsTerminal && !surroundings.IsDumb, surroundings.Width, verbose, surroundings.Clock);

    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0)
    {
        var step = new RunningStep(this, Printable.Line(name), totalBytes);
        lock (_lock)
        {
            _running.Add(step);
            TimeSpan pause = _terminal ? TerminalPause : WorthTelling;
            _timer ??= _clock.CreateTimer(_ => Look(), null, pause, pause);
        }
        if (_verbose && !_terminal)
            Line(step.Name);
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
        lock (_lock)
        {
            _timer?.Dispose();
            _running.Clear();
            Clear();
        }
    }

    /// <summary>A line of progress: how much of how much, how fast, for how long, and how long it still takes.</summary>
    internal static string Text(string name, long done, long total, TimeSpan elapsed)
    {
        string since = $", {Clock(elapsed)} elapsed";
        if (total > 0 && done >= total)
            return $"{name}: all {total / 1e6:0.0} MB read, finishing{since}";
        string how = done <= 0 ? "" : total > 0 ? $" {done / 1e6:0.0} of {total / 1e6:0.0} MB ({done * 100.0 / total:0} %)" : $" {done / 1e6:0.0} MB";
        if (how.Length == 0)
            return $"{name}: {Clock(elapsed)} elapsed";
        // A rate taken from less than a second jumps about.
        if (elapsed < WorthTelling)
            return $"{name}:{how}";
        double rate = done / elapsed.TotalSeconds;
        string left = total > 0 ? $", {Clock(TimeSpan.FromSeconds((total - done) / rate))} left" : "";
        return $"{name}:{how}, {rate / 1e6:0.0} MB/s{since}{left}";
    }

    private static string Clock(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";

    private void Look()
    {
        lock (_lock)
        {
            if (_running.Count == 0)
                return;
            if (_terminal)
            {
                RunningStep step = _running.MaxBy(running => running.Moved)!;
                Changing(Text(step.Name, step.Done, step.Total, _clock.GetElapsedTime(step.Began)));
                return;
            }
            foreach (RunningStep step in _running)
            {
                TimeSpan elapsed = _clock.GetElapsedTime(step.Began);
                if (elapsed < WorthTelling || (step.Told is { } told && _clock.GetElapsedTime(told) < PlainPause))
                    continue;
                Line(step.Told is null ? step.Name + " ..." : Text(step.Name, step.Done, step.Total, elapsed));
                step.Told = _clock.GetTimestamp();
            }
        }
    }

    private void End(RunningStep step)
    {
        lock (_lock)
        {
            if (!_running.Remove(step))
                return;
            TimeSpan took = _clock.GetElapsedTime(step.Began);
            if (took >= WorthTelling)
                Line($"{step.Name}: done in {took.TotalSeconds:0.0} s");
            else
                Clear();
        }
    }

    private void Line(string text)
    {
        lock (_lock)
        {
            Clear();
            _error.WriteLine(Printable.Line(text));
        }
    }

    private void Changing(string text)
    {
        _error.Write("\r\e[K" + (text.Length < _width ? text : text[..(_width - 1)]));
        _lineShown = true;
    }

    private sealed class RunningStep(RunLog log, string name, long total) : IRunStep
    {
        private long _done;
        private long _moved = log._clock.GetTimestamp();

        public string Name { get; } = name;

        public long Total { get; } = total;

        public long Began { get; } = log._clock.GetTimestamp();

        public long Done => Interlocked.Read(ref _done);

        public long Moved => Interlocked.Read(ref _moved);

        /// <summary>When it was last told of; null for never. Under the log's lock.</summary>
        public long? Told { get; set; }

        public void Advance(long bytes)
        {
            Interlocked.Add(ref _done, bytes);
            Interlocked.Exchange(ref _moved, log._clock.GetTimestamp());
        }

        public void Dispose() => log.End(this);
    }
}
