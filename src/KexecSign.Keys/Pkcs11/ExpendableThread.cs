using System.Diagnostics;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// A thread that its owner can do without. A module that hangs cannot be interrupted, only left behind. On any other thread a token's
/// calls are handed to a second one for that reason, which costs as much as a P-256 signature of a token in software; on this one they
/// are made at once, and it is the owner who leaves it behind when a call takes too long.
/// </summary>
/// <remarks>
/// The owner asks <see cref="Expire"/> a few times a second. Left behind, the thread ends as soon as the call comes back.
/// </remarks>
public sealed class ExpendableThread
{
    private const long NoCall = 0, LeftBehind = long.MinValue;
    [ThreadStatic]
    private static ExpendableThread? _current;
    private readonly List<IDisposable> _held = [];
    private Func<Exception> _late = () => new TimeoutException();
    // The time at which the call under way is too late, which also tells one call from the next.
    private long _until = NoCall;
    private volatile bool _isLate;

    private ExpendableThread()
    {
    }

    /// <summary>The thread that asks, if it is one.</summary>
    public static ExpendableThread? Current => _current;

    /// <summary>Whether the owner has gone on without it. Nothing that it still does may count.</summary>
    public bool IsLeftBehind => Volatile.Read(ref _until) == LeftBehind;

    /// <summary>Starts a thread in the background.</summary>
    /// <param name="name">Its name, for debuggers.</param>
    /// <param name="work">What it does; raises nothing.</param>
    public static ExpendableThread Start(string name, Action<ExpendableThread> work)
    {
        var made = new ExpendableThread();
        new Thread(() =>
        {
            _current = made;
            work(made);
        })
        { IsBackground = true, Name = name }.Start();
        return made;
    }

    /// <summary>Has something disposed of by the owner if this thread is left behind before <see cref="Settle"/>.</summary>
    public void Hold(IDisposable unfinished) => _held.Add(unfinished);

    /// <summary>Says that a piece of work is done: what was held is finished or belongs to others now.</summary>
    public void Settle() => _held.Clear();

    /// <summary>For the owner: leaves the thread behind if it is in a token's call that takes too long.</summary>
    /// <returns>What to report in its place; null when all is well.</returns>
    public Exception? Expire()
    {
        long until = Volatile.Read(ref _until);
        if (until is NoCall or LeftBehind || Stopwatch.GetTimestamp() < until)
            return null;
        _isLate = true;
        return Leave(until) ? _late() : null;
    }

    /// <summary>For an owner who is asked to stop: leaves the thread behind if it is in a token's call.</summary>
    public bool LeaveInCall()
    {
        long until = Volatile.Read(ref _until);
        return until is not (NoCall or LeftBehind) && Leave(until);
    }

    /// <summary>Calls a module.</summary>
    /// <param name="call">What to call.</param>
    /// <param name="deadline">When it is too late.</param>
    /// <param name="late">Run by the owner then; gives what to report.</param>
    /// <param name="abandoned">Run when the call comes back after an owner who was asked to stop has left.</param>
    /// <exception cref="OperationCanceledException">The owner has left.</exception>
    internal T Call<T>(Func<T> call, TimeSpan deadline, Func<Exception> late, Action? abandoned)
    {
        if (IsLeftBehind)
            return call();
        _late = late;
        long until = Stopwatch.GetTimestamp() + (long)(deadline.TotalSeconds * Stopwatch.Frequency);
        Volatile.Write(ref _until, until);
        try
        {
            return call();
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _until, NoCall, until) != until)
                End(abandoned);
        }
    }

    private bool Leave(long until)
    {
        if (Interlocked.CompareExchange(ref _until, LeftBehind, until) != until)
            return false;
        foreach (IDisposable unfinished in _held)
            unfinished.Dispose();
        return true;
    }

    private void End(Action? abandoned)
    {
        // Of a module that hung nothing more is asked, not even to close a session.
        if (!_isLate)
            abandoned?.Invoke();
        throw new OperationCanceledException("its owner has gone on without this thread");
    }
}
