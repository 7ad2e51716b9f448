using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>
/// Looks for a setting of the encoder with which a kernel fits the room of another payload. Those that usually do come first: what
/// is left of the room is filled anyway, so a smaller result is no better.
/// </summary>
/// <param name="compression">What the stub unpacks.</param>
/// <param name="room">Bytes that there are, without the length behind.</param>
/// <param name="zstd">Which zstd compresses.</param>
internal sealed class PayloadSearch(ZbootCompression compression, long room, ZstdLibrary zstd)
{
    private readonly PayloadEncoder _encoder = PayloadEncoder.For(compression);

    // By how much the same bytes may come out shorter behind others.
    private readonly long _chance = 256 + room / 1000;
    private List<(long Unsigned, CompressionAttempt Attempt)>? _results;

    /// <summary>Length of the shortest result of all kernels that were tried, in bytes.</summary>
    public long Shortest { get; private set; } = long.MaxValue;

    /// <summary>
    /// Compresses with one setting after the other until the result fits. A second kernel, which differs from the first in its
    /// signature alone, is tried with those settings with which it can.
    /// </summary>
    /// <param name="image">The kernel.</param>
    /// <param name="signatureSize">Bytes of it that are its signature, which nothing compresses.</param>
    /// <param name="context">Run context.</param>
    /// <returns>Null when none fits.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS5001, KS5004.</exception>
    public PayloadFit? Try(Layout image, long signatureSize, RunContext context)
    {
        var results = new List<(long Length, CompressionAttempt Attempt)>();
        foreach (CompressionAttempt attempt in Promising(signatureSize))
        {
            if (Try(image, attempt, context, out long length) is { } fit)
                return fit;
            results.Add((length, attempt));
        }
        (long shortest, CompressionAttempt best) = results.MinBy(result => result.Length);
        _results ??= [.. results.Select(result => (result.Length - signatureSize, result.Attempt))];
        Shortest = Math.Min(Shortest, shortest);
        return _encoder.ChecksumLength > 0 && shortest - room <= _encoder.ChecksumLength
            ? Try(image, best with { Checksum = false }, context, out _) : null;
    }

    private IEnumerable<CompressionAttempt> Promising(long signatureSize)
    {
        if (_results is null)
            return _encoder.Attempts;
        CompressionAttempt[] promising = [.. _results.Where(result => result.Unsigned + signatureSize <= room + _chance)
            .Select(result => result.Attempt)];
        return promising.Length > 0 ? promising : [_results.MinBy(result => result.Unsigned).Attempt];
    }

    private PayloadFit? Try(Layout image, CompressionAttempt attempt, RunContext context, out long length)
    {
        TemporaryFile stream = Compressor.Compress(image, compression, attempt with { Zstd = zstd }, context);
        length = stream.Length;
        context.Log.Detail($"{attempt}: 0x{length:x} bytes for a space of 0x{room:x}");
        PayloadFit? fit = PayloadFit.Of(stream, compression, room, attempt);
        if (fit is null)
            stream.Dispose();
        return fit;
    }
}
