using System.Runtime.ExceptionServices;
using KexecSign.Keys.Pkcs11;

namespace KexecSign.Batches;

/// <summary>
/// Works through a batch on threads of their own. The thread pool grows too slowly for work that mostly waits for a token, and a thread
/// that a token does not give back can be left behind.
/// </summary>
internal sealed class Workers
{
    private const int Most = 32;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly int _count;
    private readonly Action<int> _work;
    private readonly Action<int, Exception> _late;
    private readonly CancellationToken _cancellation;
    // An object, because it is waited for.
    private readonly object _lock = new();
    private readonly List<Worker> _running = [];
    private int _next = -1;
    private Exception? _failure;

    private Workers(int count, Action<int> work, Action<int, Exception>? late, CancellationToken cancellation)
    {
        _count = count;
        _work = work;
        _late = late ?? ((_, failure) => Fail(failure));
        _cancellation = cancellation;
    }

    /// <summary>Threads when nobody says how many: hashing keeps a processor busy, and while a token signs others can hash.</summary>
    public static int Default => Math.Clamp(2 * Environment.ProcessorCount, 2, Most);

    /// <summary>Does the work for each number from 0 on. The first failure stops the rest and is raised.</summary>
    /// <param name="count">How many.</param>
    /// <param name="threads">How many at a time; at most 32, which is also the most sessions that a token is asked for.</param>
    /// <param name="work">What to do.</param>
    /// <param name="cancellation">Stops between two of them.</param>
    /// <param name="late">
    /// Told of a piece of work whose thread was left behind in a token's call; null when that is a failure like others. It may be told
    /// while other pieces are worked on.
    /// </param>
    public static void Run(int count, int threads, Action<int> work, CancellationToken cancellation, Action<int, Exception>? late = null) =>
        new Workers(count, work, late, cancellation).Run(Math.Clamp(threads, 1, Math.Min(Most, Math.Max(count, 1))));

    private void Run(int threads)
    {
        for (int i = 0; i < threads; i++)
            Start();
        while (!HaveEnded())
            LeaveBehind();
        if (Volatile.Read(ref _failure) is { } failure)
            ExceptionDispatchInfo.Throw(failure);
        _cancellation.ThrowIfCancellationRequested();
    }

    private void Start()
    {
        lock (_lock)
        {
            var worker = new Worker();
            _running.Add(worker);
            worker.Thread = ExpendableThread.Start("worker", own => Work(own, worker));
        }
    }

    private bool HaveEnded()
    {
        lock (_lock)
        {
            if (_running.Count > 0)
                Monitor.Wait(_lock, Look);
            return _running.Count == 0;
        }
    }

    // Who was asked to stop has had at least one look's time to end in good order.
    private void LeaveBehind()
    {
        bool stopping = _cancellation.IsCancellationRequested;
        Worker[] running;
        lock (_lock)
            running = [.. _running];
        foreach (Worker worker in running)
        {
            if (worker.Thread!.Expire() is { } late)
            {
                _late(worker.Item, late);
                // Somebody has to say of what is left that it was not done.
                Start();
            }
            else if (!(stopping && worker.IsAskedToStop && worker.Thread.LeaveInCall()))
            {
                worker.IsAskedToStop = stopping;
                continue;
            }
            End(worker);
        }
    }

    private void Work(ExpendableThread own, Worker worker)
    {
        try
        {
            for (int i; Volatile.Read(ref _failure) is null && (i = Interlocked.Increment(ref _next)) < _count;)
            {
                _cancellation.ThrowIfCancellationRequested();
                worker.Item = i;
                _work(i);
                own.Settle();
            }
        }
        catch (Exception thrown)
        {
            if (!own.IsLeftBehind)
                Fail(thrown);
        }
        if (!own.IsLeftBehind)
            End(worker);
    }

    private void Fail(Exception failure) => Interlocked.CompareExchange(ref _failure, failure, null);

    private void End(Worker worker)
    {
        lock (_lock)
        {
            _running.Remove(worker);
            if (_running.Count == 0)
                Monitor.Pulse(_lock);
        }
    }

    private sealed class Worker
    {
        public ExpendableThread? Thread { get; set; }

        public bool IsAskedToStop { get; set; }

        /// <summary>What it works on.</summary>
        public volatile int Item;
    }
}
