namespace KexecSign.Core.Progress;

/// <summary>A step under way, as one looks at it from outside.</summary>
/// <param name="name">The step.</param>
/// <param name="total">Bytes in all; 0 when not known.</param>
/// <param name="clock">What it is timed by.</param>
/// <param name="ended">Is told when it ends, once.</param>
public sealed class RunningStep(string name, long total, TimeProvider clock, Action<RunningStep> ended) : IRunStep
{
    private readonly long _began = clock.GetTimestamp();
    private long _done;
    private long _moved = clock.GetTimestamp();
    private int _over;

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>When it moved last; grows with time.</summary>
    public long Moved => Interlocked.Read(ref _moved);

    /// <summary>Time since it began.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(_began);

    /// <summary>How far it is.</summary>
    public string Text => ProgressText.Of(Name, Interlocked.Read(ref _done), total, Elapsed);

    /// <inheritdoc/>
    public void Advance(long bytes)
    {
        Interlocked.Add(ref _done, bytes);
        Interlocked.Exchange(ref _moved, clock.GetTimestamp());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _over, 1) == 0)
            ended(this);
    }
}
