namespace KexecSign.Formats.Layouts;

/// <summary>A run of bytes in a <see cref="Layout"/>: a range of a source, bytes in memory, or zeros.</summary>
public abstract record Extent
{
    private protected Extent(long length) => Length = length;

    /// <summary>Length in bytes; greater than zero.</summary>
    public long Length { get; }

    /// <summary>The part of this extent that begins <paramref name="offset"/> bytes into it.</summary>
    internal abstract Extent Part(long offset, long length);

    /// <summary>Copies bytes that lie <paramref name="offset"/> bytes into this extent.</summary>
    internal abstract void Read(long offset, Span<byte> destination);
}

/// <summary>A range of a source, usually of an input file; never held in memory.</summary>
public sealed record SourceExtent : Extent
{
    internal SourceExtent(IByteSource source, long offset, long length) : base(length)
    {
        Source = source;
        Offset = offset;
    }

    /// <summary>Where the bytes come from.</summary>
    public IByteSource Source { get; }

    /// <summary>Offset of the first byte in <see cref="Source"/>.</summary>
    public long Offset { get; }

    internal override Extent Part(long offset, long length) => new SourceExtent(Source, Offset + offset, length);

    internal override void Read(long offset, Span<byte> destination) => Source.Read(Offset + offset, destination);
}

/// <summary>Bytes in memory: a changed header field, a certificate table, a small section.</summary>
public sealed record BytesExtent : Extent
{
    internal BytesExtent(ReadOnlyMemory<byte> bytes) : base(bytes.Length) => Bytes = bytes;

    /// <summary>The bytes themselves.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    internal override Extent Part(long offset, long length) => new BytesExtent(Bytes.Slice((int)offset, (int)length));

    internal override void Read(long offset, Span<byte> destination) =>
        Bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
}

/// <summary>Zeros: padding up to an alignment, or the bss tail of a kernel image.</summary>
public sealed record ZeroExtent : Extent
{
    internal ZeroExtent(long length) : base(length)
    {
    }

    internal override Extent Part(long offset, long length) => new ZeroExtent(length);

    internal override void Read(long offset, Span<byte> destination) => destination.Clear();
}
