using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Layouts;

/// <summary>A source over bytes in memory.</summary>
public sealed class MemorySource(ReadOnlyMemory<byte> bytes) : IByteSource
{
    /// <inheritdoc/>
    public long Length => bytes.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
            throw FormatErrors.OutsideFile.With(offset, destination.Length, Length);
        bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
    }
}
