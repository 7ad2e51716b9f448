using System.Collections.Immutable;
using KexecSign.Compression;
using KexecSign.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Running;

namespace KexecSign.Zboot;

/// <summary>A kernel compressed so that it fills the room of another payload to the last byte.</summary>
internal sealed class PayloadFit : IDisposable
{
    private readonly TemporaryFile _stream;

    private PayloadFit(TemporaryFile stream, Layout payload, CompressionAttempt attempt, long filler)
    {
        _stream = stream;
        Payload = payload;
        Attempt = attempt;
        Filler = filler;
    }

    /// <summary>The payload, as long as the room; without a length behind.</summary>
    public Layout Payload { get; }

    /// <summary>How it was compressed.</summary>
    public CompressionAttempt Attempt { get; }

    /// <summary>Bytes of it that hold nothing.</summary>
    public long Filler { get; }

    /// <summary>
    /// Compresses with one setting after the other until the result fits. Those that usually do come first: what is left of
    /// the room is filled anyway, so a smaller result is no better.
    /// </summary>
    /// <param name="image">The kernel.</param>
    /// <param name="compression">What the stub unpacks.</param>
    /// <param name="room">Bytes that there are, without the length behind.</param>
    /// <param name="context">Run context.</param>
    /// <param name="shortest">Length of the shortest result.</param>
    /// <returns>Null when none fits.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS5001, KS5004.</exception>
    public static PayloadFit? Search(Layout image, ZbootCompression compression, long room, RunContext context, out long shortest)
    {
        shortest = long.MaxValue;
        foreach (CompressionAttempt attempt in Attempts(compression))
        {
            TemporaryFile stream = Compressor.Compress(image, compression, attempt, context);
            shortest = Math.Min(shortest, stream.Length);
            context.Log.Detail($"{attempt}: 0x{stream.Length:x} bytes for a room of 0x{room:x}");
            if (stream.Length <= room && PayloadFiller.Fill(Layout.Of(stream), compression, room) is { } payload)
                return new(stream, payload, attempt, room - stream.Length);
            stream.Dispose();
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    // The kernel's build has gzip -9, which libdeflate beats from level 6 on, and zstd -22 --ultra, which leaves a signature no
    // room: there the strongest setting comes first, and the checksum goes last, 4 bytes that no boot loader asks for.
    private static ImmutableArray<CompressionAttempt> Attempts(ZbootCompression compression) => compression == ZbootCompression.Gzip
        ? [new(6), new(9), new(10), new(12), new(12) { PieceLength = CompressionAttempt.Whole }]
        : [new(22) { LongMatches = true }, new(22) { LongMatches = true, Checksum = false }, new(22), new(22) { Checksum = false }];
}
