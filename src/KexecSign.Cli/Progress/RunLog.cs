using System.Diagnostics;
using KexecSign.Cli.Terminal;
using KexecSign.Core;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Progress;

/// <summary>
/// Progress on standard error: on a terminal one line that changes, elsewhere a line when a step begins and one every
/// ten seconds. Steps may run side by side; the one that moved last is shown.
/// </summary>
internal sealed class RunLog : IRunLog, IDisposable
{
    private static readonly TimeSpan TerminalPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PlainPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(1);

    // A UKI has a dozen sections of some KB, each hashed in a step of its own: told one by one they would bury what counts.
    private const long TooSmallToTell = 1 << 20;

    private readonly Lock _lock = new();
    private readonly TextWriter _error;
    private readonly bool _terminal;
    private readonly int _width;
    private readonly bool _verbose;
    private bool _lineShown;

    private RunLog(TextWriter error, bool terminal, int width, bool verbose)
    {
        _error = error;
        _terminal = terminal;
        _width = width;
        _verbose = verbose;
    }

    public static RunLog For(Surroundings surroundings, bool verbose) => new(
        surroundings.Error,
        surroundings.ErrorIsTerminal && surroundings.Environment("TERM") is not "dumb",
        surroundings.Width,
        verbose);

    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0) => new RunningStep(this, Printable.Line(name), totalBytes);

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
    public void Dispose() => Clear();

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
        lock (_lock)
        {
            _error.Write("\r\e[K" + (text.Length < _width ? text : text[..(_width - 1)]));
            _lineShown = true;
        }
    }

    /// <summary>A line of progress: how much of how much, how fast, and how long it still takes.</summary>
    internal static string Text(string name, long done, long total, double seconds)
    {
        // A rate taken from less than a second jumps about.
        double rate = seconds >= 1 ? done / seconds : 0;
        string speed = rate > 0 ? $", {rate / 1e6:0.0} MB/s" : "";
        if (total <= 0)
            return $"{name}: {done / 1e6:0.0} MB{speed}";
        string left = rate > 0 ? $", {Math.Max(0, total - done) / rate:0} s left" : "";
        return $"{name}: {Math.Min(done, total) * 100.0 / total:0} % of {total / 1e6:0.0} MB{speed}{left}";
    }

    private sealed class RunningStep : IRunStep
    {
        private readonly RunLog _log;
        private readonly string _name;
        private readonly long _total;
        private readonly long _began = Stopwatch.GetTimestamp();
        private long _shown = Stopwatch.GetTimestamp();
        private long _done;
        private int _ended;

        public RunningStep(RunLog log, string name, long total)
        {
            _log = log;
            _name = name;
            _total = total;
            if (total is > 0 and < TooSmallToTell && !log._verbose)
                return;
            if (log._terminal)
                log.Changing(name);
            else
                log.Line(name);
        }

        public void Advance(long bytes)
        {
            long done = Interlocked.Add(ref _done, bytes);
            long shown = Interlocked.Read(ref _shown);
            TimeSpan pause = _log._terminal ? TerminalPause : PlainPause;
            if (Stopwatch.GetElapsedTime(shown) < pause || Interlocked.CompareExchange(ref _shown, Stopwatch.GetTimestamp(), shown) != shown)
                return;
            string text = Text(_name, done, _total, Stopwatch.GetElapsedTime(_began).TotalSeconds);
            if (_log._terminal)
                _log.Changing(text);
            else
                _log.Line(text);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) != 0)
                return;
            TimeSpan took = Stopwatch.GetElapsedTime(_began);
            if (took >= WorthTelling)
                _log.Line($"{_name}: done in {took.TotalSeconds:0.0} s");
            else
                _log.Clear();
        }
    }
}
