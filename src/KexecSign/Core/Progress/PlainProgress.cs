namespace KexecSign.Core.Progress;

/// <summary>
/// Progress as lines of a log: a step is told when it has run for a second, then every ten seconds, and when it ends. What takes
/// less than a second is not told: it would bury what counts.
/// </summary>
public sealed class PlainProgress : IDisposable
{
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<RunningStep, long?> _told = [];
    private readonly Action<string> _line;
    private readonly TimeProvider _clock;
    private ITimer? _timer;

    /// <param name="line">Writes a line.</param>
    /// <param name="clock">What steps are timed by.</param>
    public PlainProgress(Action<string> line, TimeProvider clock)
    {
        _line = line;
        _clock = clock;
    }

    /// <summary>Begins a step.</summary>
    /// <param name="name">The step, without control characters.</param>
    /// <param name="totalBytes">Bytes in all; 0 when not known.</param>
    public IRunStep Step(string name, long totalBytes)
    {
        var step = new RunningStep(name, totalBytes, _clock, End);
        lock (_lock)
        {
            _told.Add(step, null);
            _timer ??= _clock.CreateTimer(_ => Look(), null, WorthTelling, WorthTelling);
        }
        return step;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _told.Clear();
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            foreach ((RunningStep step, long? told) in _told.ToArray())
            {
                if (step.Elapsed < WorthTelling || (told is { } last && _clock.GetElapsedTime(last) < Pause))
                    continue;
                _line(told is null ? step.Name + " ..." : step.Text);
                _told[step] = _clock.GetTimestamp();
            }
        }
    }

    private void End(RunningStep step)
    {
        lock (_lock)
        {
            if (_told.Remove(step) && step.Elapsed >= WorthTelling)
                _line($"{step.Name}: done in {step.Elapsed.TotalSeconds:0.0} s");
        }
    }
}
