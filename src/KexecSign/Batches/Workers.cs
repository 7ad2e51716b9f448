using System.Runtime.ExceptionServices;

namespace KexecSign.Batches;

/// <summary>
/// Works through a batch on threads of their own. The thread pool grows too slowly for work that mostly waits for a token.
/// </summary>
internal static class Workers
{
    private const int Most = 32;

    /// <summary>Threads when nobody says how many: hashing keeps a processor busy, and while a token signs others can hash.</summary>
    public static int Default => Math.Clamp(2 * Environment.ProcessorCount, 2, Most);

    /// <summary>Does the work for each number from 0 on. The first failure stops the rest and is raised.</summary>
    /// <param name="count">How many.</param>
    /// <param name="threads">How many at a time; at most 32, which is also the most sessions that a token is asked for.</param>
    /// <param name="work">What to do.</param>
    /// <param name="cancellation">Stops between two of them.</param>
    public static void Run(int count, int threads, Action<int> work, CancellationToken cancellation)
    {
        int next = -1;
        Exception? failure = null;
        var started = new Thread[Math.Clamp(threads, 1, Math.Min(Most, Math.Max(count, 1)))];
        for (int i = 0; i < started.Length; i++)
        {
            started[i] = new Thread(Work) { IsBackground = true, Name = $"worker {i}" };
            started[i].Start();
        }
        foreach (Thread thread in started)
            thread.Join();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        cancellation.ThrowIfCancellationRequested();

        void Work()
        {
            try
            {
                for (int i; Volatile.Read(ref failure) is null && (i = Interlocked.Increment(ref next)) < count;)
                {
                    cancellation.ThrowIfCancellationRequested();
                    work(i);
                }
            }
            catch (Exception thrown)
            {
                Interlocked.CompareExchange(ref failure, thrown, null);
            }
        }
    }
}
