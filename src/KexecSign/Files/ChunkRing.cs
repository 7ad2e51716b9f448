namespace KexecSign.Files;

/// <summary>
/// Chunks on their way from one thread that fills them to several that read them, each at its own pace: a chunk is filled again
/// when the slowest has read it.
/// </summary>
internal sealed class ChunkRing
{
    // Hashing needs little; the default of 8 MiB for each would count as memory of the process.
    private const int StackSize = 256 * 1024;

    private readonly object _gate = new();
    private readonly byte[][] _chunks;
    private readonly int[] _lengths;
    private readonly long[] _read;
    private readonly Thread[] _threads;
    // How many may be unread when whoever fills goes on. A single hash is slower than reading: waking the reader for each chunk takes its
    // core from it; of several hashes one waits for the other anyway.
    private readonly int _resume;
    private long _filled;
    private bool _fillerWaits;
    private bool _finished;
    private Exception? _failure;

    public ChunkRing(int chunkSize, int chunks, ChunkReader[] readers)
    {
        _chunks = new byte[chunks][];
        for (int i = 0; i < chunks; i++)
            _chunks[i] = GC.AllocateUninitializedArray<byte>(chunkSize);
        _resume = readers.Length == 1 ? chunks / 2 : chunks - 1;
        _lengths = new int[chunks];
        _read = new long[readers.Length];
        _threads = new Thread[readers.Length];
        for (int i = 0; i < readers.Length; i++)
        {
            int index = i;
            _threads[i] = new Thread(() => Drain(index, readers[index]), StackSize) { IsBackground = true, Name = "hash" };
            _threads[i].Start();
        }
    }

    /// <summary>A chunk to fill; waits until the readers have left it.</summary>
    public Span<byte> Next(int length)
    {
        lock (_gate)
        {
            if (_filled - Slowest() >= _chunks.Length)
            {
                _fillerWaits = true;
                while (_failure is null && _filled - Slowest() > _resume)
                    Monitor.Wait(_gate);
                _fillerWaits = false;
            }
            if (_failure is not null)
                throw new InvalidOperationException("a hash failed", _failure);
        }
        int slot = (int)(_filled % _chunks.Length);
        _lengths[slot] = length;
        return _chunks[slot].AsSpan(0, length);
    }

    /// <summary>Gives the chunk of <see cref="Next"/> to the readers. The filler may go on reading it.</summary>
    public void Publish()
    {
        lock (_gate)
        {
            _filled++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until the readers have read all that was published.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            _finished = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads)
            thread.Join();
        if (_failure is not null)
            throw new InvalidOperationException("a hash failed", _failure);
    }

    private void Drain(int index, ChunkReader reader)
    {
        try
        {
            long start = 0;
            for (long next = 0; Await(next); next++)
            {
                int slot = (int)(next % _chunks.Length);
                reader.Take(_chunks[slot].AsSpan(0, _lengths[slot]), start);
                start += _lengths[slot];
                Leave(index, next);
            }
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            lock (_gate)
            {
                _failure = failed;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private bool Await(long next)
    {
        lock (_gate)
        {
            while (next >= _filled && !_finished)
                Monitor.Wait(_gate);
            return next < _filled;
        }
    }

    private void Leave(int index, long chunk)
    {
        lock (_gate)
        {
            _read[index] = chunk + 1;
            if (_fillerWaits && _filled - Slowest() <= _resume)
                Monitor.PulseAll(_gate);
        }
    }

    private long Slowest()
    {
        long slowest = _filled;
        foreach (long read in _read)
            slowest = Math.Min(slowest, read);
        return slowest;
    }
}
