using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>Is given the bytes of a pass, in order and on the thread that reads: a sum, a search.</summary>
internal delegate void PassListener(ReadOnlySpan<byte> bytes);

/// <summary>
/// Reads a layout exactly once, and in that one pass writes it and computes every hash and sum that is wanted: what was hashed is
/// what was written, even if the input changes meanwhile. Each hash has a thread of its own, so that none waits for another.
/// </summary>
internal static class LayoutPass
{
    // A hash finds what was read and written a moment ago in its core's second-level cache. Twice as much was no faster and took 4 MiB.
    private const int ChunkSize = 1 << 18;

    private const int Chunks = 8;

    // Starting threads costs more than hashing this much.
    private const long Small = 1 << 20;

    /// <summary>Runs the pass.</summary>
    /// <param name="layout">What to read.</param>
    /// <param name="output">Where to write it; null for hashing alone.</param>
    /// <param name="requests">The hashes wanted.</param>
    /// <param name="step">Told of the progress.</param>
    /// <param name="cancellation">Stops between two chunks.</param>
    /// <param name="listener">Given every byte in order; null for nobody.</param>
    /// <returns>Running hashes in the order of the requests, so that a caller may append what follows the layout.</returns>
    public static ImmutableArray<IncrementalHash> Run(
        Layout layout, OutputFile? output, ReadOnlySpan<HashRequest> requests, IRunStep step, CancellationToken cancellation,
            PassListener? listener = null)
    {
        var readers = new ChunkReader[requests.Length];
        for (int i = 0; i < readers.Length; i++)
            readers[i] = new(requests[i]);
        output?.Reserve(layout.Length);
        if (layout.Length <= Small)
            RunHere(layout, output, readers, listener, step, cancellation);
        else
            RunBeside(layout, output, readers, listener, step, cancellation);
        return [.. readers.Select(r => r.Hash)];
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

    private static void RunHere(Layout layout, OutputFile? output, ChunkReader[] readers, PassListener? listener, IRunStep step,
        CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        byte[] content = layout.ReadBytes(0, layout.Length);
        output?.Write(content, layout.Length);
        listener?.Invoke(content);
        foreach (ChunkReader reader in readers)
            reader.Take(content, 0);
        step.Advance(content.Length);
    }

    private static void RunBeside(Layout layout, OutputFile? output, ChunkReader[] readers, PassListener? listener, IRunStep step,
        CancellationToken cancellation)
    {
        var ring = new ChunkRing(ChunkSize, Chunks, readers);
        try
        {
            for (long at = 0; at < layout.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(ChunkSize, layout.Length - at);
                Span<byte> chunk = ring.Next(count);
                layout.Read(at, chunk);
                // Given to the hashes first: they read it while it is written.
                ring.Publish();
                output?.Write(chunk, layout.Length);
                listener?.Invoke(chunk);
                step.Advance(count);
                at += count;
            }
        }
        finally
        {
            ring.Finish();
        }
    }
}
