using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

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

    /// <summary>A result that fits; null when it is too long or the rest cannot be filled. Owns the stream then.</summary>
    /// <param name="stream">The compressed kernel.</param>
    /// <param name="compression">What the stub unpacks.</param>
    /// <param name="room">Bytes that there are, without the length behind.</param>
    /// <param name="attempt">How it was compressed.</param>
    public static PayloadFit? Of(TemporaryFile stream, ZbootCompression compression, long room, CompressionAttempt attempt) =>
        stream.Length <= room && PayloadFiller.Fill(Layout.Of(stream), compression, room) is { } payload
            ? new(stream, payload, attempt, room - stream.Length)
            : null;

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
