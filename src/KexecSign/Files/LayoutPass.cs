using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Running;

namespace KexecSign.Files;

/// <summary>A hash over ranges of a layout, to be computed while the layout is read.</summary>
/// <param name="Algorithm">Hash algorithm.</param>
/// <param name="Ranges">Ranges in file order, not overlapping.</param>
internal sealed record HashRequest(HashAlgorithmName Algorithm, ImmutableArray<ByteRange> Ranges)
{
    /// <summary>A hash over everything.</summary>
    public static HashRequest Whole(HashAlgorithmName algorithm, Layout layout) => new(algorithm, [new(0, layout.Length)]);
}

/// <summary>
/// Reads a layout exactly once, and in that one pass writes it and computes every hash that is wanted: what was hashed is
/// what was written, even if the input changes meanwhile. Hashing a chunk runs beside writing it and reading the next.
/// </summary>
internal static class LayoutPass
{
    private const int ChunkSize = 1 << 20;

    /// <summary>Runs the pass.</summary>
    /// <param name="layout">What to read.</param>
    /// <param name="output">Where to write it; null for hashing alone.</param>
    /// <param name="requests">The hashes wanted.</param>
    /// <param name="step">Told of the progress.</param>
    /// <param name="cancellation">Stops between two chunks.</param>
    /// <returns>Running hashes in the order of the requests, so that a caller may append what follows the layout.</returns>
    public static ImmutableArray<IncrementalHash> Run(
        Layout layout, OutputFile? output, ReadOnlySpan<HashRequest> requests, IRunStep step, CancellationToken cancellation)
    {
        ImmutableArray<HashRequest> wanted = [.. requests];
        ImmutableArray<IncrementalHash> hashes = [.. wanted.Select(r => IncrementalHash.CreateHash(r.Algorithm))];
        int size = (int)Math.Min(ChunkSize, Math.Max(layout.Length, 1));
        byte[] current = new byte[size], next = new byte[size];
        int count = ReadChunk(layout, 0, current);
        for (long at = 0; count > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = at;
            ReadOnlyMemory<byte> chunk = current.AsMemory(0, count);
            Task[] hashing = [.. hashes.Select((hash, i) => Task.Run(() => Feed(hash, wanted[i].Ranges, chunk.Span, start), CancellationToken.None))];
            int following;
            try
            {
                output?.Write(chunk.Span, layout.Length);
                following = ReadChunk(layout, at + count, next);
            }
            finally
            {
                Task.WaitAll(hashing, CancellationToken.None);
            }
            step.Advance(count);
            at += count;
            (current, next, count) = (next, current, following);
        }
        return hashes;
    }

    /// <summary>Hashes a whole layout.</summary>
    public static byte[] Hash(Layout layout, HashAlgorithmName algorithm, RunContext context)
    {
        using IRunStep step = context.Log.Step($"hash ({algorithm.Name})", layout.Length);
        return Finish(Run(layout, null, [HashRequest.Whole(algorithm, layout)], step, context.Cancellation))[0];
    }

    /// <summary>Ends the hashes.</summary>
    public static ImmutableArray<byte[]> Finish(ImmutableArray<IncrementalHash> hashes)
    {
        ImmutableArray<byte[]> values = [.. hashes.Select(h => h.GetHashAndReset())];
        foreach (IncrementalHash hash in hashes)
            hash.Dispose();
        return values;
    }

    private static int ReadChunk(Layout layout, long at, byte[] buffer)
    {
        int count = (int)Math.Min(buffer.Length, layout.Length - at);
        if (count > 0)
            layout.Read(at, buffer.AsSpan(0, count));
        return count;
    }

    private static void Feed(IncrementalHash hash, ImmutableArray<ByteRange> ranges, ReadOnlySpan<byte> chunk, long start)
    {
        foreach (ByteRange range in ranges)
        {
            long from = Math.Max(range.Offset, start), to = Math.Min(range.Offset + range.Length, start + chunk.Length);
            if (from < to)
                hash.AppendData(chunk[(int)(from - start)..(int)(to - start)]);
        }
    }
}
