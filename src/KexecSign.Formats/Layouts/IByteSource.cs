namespace KexecSign.Formats.Layouts;

/// <summary>Bytes of a known length that can be read at any offset: a file, a mapping, memory.</summary>
public interface IByteSource
{
    /// <summary>Length in bytes; does not change while the source is in use.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>.</summary>
    /// <exception cref="Errors.KexecSignException">KS1001 when the source ends before the destination is full.</exception>
    void Read(long offset, Span<byte> destination);
}
