using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// Runs calls of a module on threads of their own, so that the caller can stop waiting: a module that hangs cannot be
/// interrupted, only left behind. The threads do not keep the process alive.
/// </summary>
internal sealed class TokenThreads
{
    private readonly Stack<Lane> _idle = [];
    private readonly Lock _lock = new();
    // Waking a thread costs as much as a P-256 signature of a token in software; such calls are waited for awake.
    private const int SpinsForShortCalls = 400;
    private static readonly long Short = Stopwatch.Frequency / 5000;
    private long _lastDuration = long.MaxValue;
    private int _busy;
    private bool _ended;

    /// <summary>Whether a call that was given up on because of its deadline is still under way.</summary>
    public bool Hung { get; private set; }

    /// <summary>Runs <paramref name="call"/> and waits for it; on an <see cref="ExpendableThread"/> it is run at once.</summary>
    /// <param name="call">Calls of the module; they go on when the waiting ends early.</param>
    /// <param name="deadline">How long to wait; the thread is not used again if it takes longer.</param>
    /// <param name="late">What the owner of an expendable thread reports when it took longer.</param>
    /// <param name="abandoned">Runs on the thread, after the call, when a cancelled caller did not wait for it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="TokenDeadlineException">It took longer.</exception>
    public T Run<T>(
        Func<T> call, TimeSpan deadline, Func<TokenDeadlineException, Exception> late, Action? abandoned, CancellationToken cancellation)
    {
        if (ExpendableThread.Current is { } own)
            return RunHere(own, call, deadline, late, abandoned);
        var job = new Job<T>(call, abandoned, spins: Volatile.Read(ref _lastDuration) < Short ? SpinsForShortCalls : 1);
        long began = Stopwatch.GetTimestamp();
        Lane lane = Take();
        lane.Start(job, this);
        bool done;
        try
        {
            done = job.Finished.Wait(deadline, cancellation);
        }
        catch (OperationCanceledException)
        {
            if (job.Abandon())
                throw;
            done = true;
        }
        if (!done)
        {
            Hung = true;
            throw new TokenDeadlineException(deadline);
        }
        Volatile.Write(ref _lastDuration, Stopwatch.GetTimestamp() - began);
        return job.Result();
    }

    /// <summary>Waits for calls that nobody waits for any more; false when some do not come back.</summary>
    public bool Drain(TimeSpan deadline)
    {
        long began = Stopwatch.GetTimestamp();
        while (!Hung && Volatile.Read(ref _busy) > 0 && Stopwatch.GetElapsedTime(began) < deadline)
            Thread.Sleep(5);
        return !Hung && Volatile.Read(ref _busy) == 0;
    }

    /// <summary>Ends the threads: those that are free now, the others when their call comes back.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            while (_idle.TryPop(out Lane? lane))
                lane.Stop();
        }
    }

    private T RunHere<T>(ExpendableThread own, Func<T> call, TimeSpan deadline, Func<TokenDeadlineException, Exception> late,
        Action? abandoned)
    {
        Interlocked.Increment(ref _busy);
        try
        {
            return own.Call(
                call, deadline,
                () =>
                {
                    Hung = true;
                    return late(new TokenDeadlineException(deadline));
                },
                abandoned);
        }
        finally
        {
            Interlocked.Decrement(ref _busy);
        }
    }

    private Lane Take()
    {
        Interlocked.Increment(ref _busy);
        lock (_lock)
        {
            return _idle.TryPop(out Lane? lane) ? lane : new Lane();
        }
    }

    private void GiveBack(Lane lane)
    {
        Interlocked.Decrement(ref _busy);
        lock (_lock)
        {
            if (_ended)
                lane.Stop();
            else
                _idle.Push(lane);
        }
    }

    private interface IJob
    {
        void Run();

        void Finish();
    }

    // The thread is free again before the caller goes on, so that a sequence of calls stays on one thread.
    private sealed class Job<T>(Func<T> call, Action? abandoned, int spins) : IJob
    {
        private const int Running = 0, Done = 1, Abandoned = 2;
        private T? _result;
        private ExceptionDispatchInfo? _failure;
        private int _state;

        public ManualResetEventSlim Finished { get; } = new(initialState: false, spins);

        public bool Abandon() => Interlocked.CompareExchange(ref _state, Abandoned, Running) == Running;

        public T Result()
        {
            _failure?.Throw();
            return _result!;
        }

        public void Run()
        {
            try
            {
                _result = call();
            }
            catch (Exception failed)
            {
                _failure = ExceptionDispatchInfo.Capture(failed);
            }
            if (Interlocked.CompareExchange(ref _state, Done, Running) != Running)
                abandoned?.Invoke();
        }

        public void Finish() => Finished.Set();
    }

    [SuppressMessage("Design", "CA1001",
        Justification = "Its thread may hang in the module for good; a semaphore without wait handle owns nothing.")]
    private sealed class Lane
    {
        private readonly SemaphoreSlim _wake = new(0);
        private readonly Thread _thread;
        private IJob? _job;
        private TokenThreads? _owner;

        public Lane()
        {
            _thread = new Thread(Work) { IsBackground = true, Name = "PKCS#11" };
            _thread.UnsafeStart();
        }

        public void Start(IJob job, TokenThreads owner)
        {
            _job = job;
            _owner = owner;
            _wake.Release();
        }

        public void Stop()
        {
            _job = null;
            _wake.Release();
        }

        private void Work()
        {
            while (true)
            {
                _wake.Wait();
                if (_job is not { } job)
                    return;
                job.Run();
                _owner!.GiveBack(this);
                job.Finish();
            }
        }
    }
}
