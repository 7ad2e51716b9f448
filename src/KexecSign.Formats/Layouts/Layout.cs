using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Layouts;

/// <summary>
/// A file as it will be: an ordered list of extents. Editing an image changes a few header bytes and appends extents;
/// hashing and writing walk them. A layout is immutable; every edit gives a new one that shares the untouched extents.
/// </summary>
public sealed class Layout
{
    private readonly ImmutableArray<Extent> _extents;

    private Layout(ImmutableArray<Extent> extents)
    {
        _extents = extents;
        long length = 0;
        foreach (Extent extent in extents)
            length = checked(length + extent.Length);
        Length = length;
    }

    /// <summary>A file of no bytes.</summary>
    public static Layout Empty { get; } = new([]);

    /// <summary>Length of the whole, in bytes.</summary>
    public long Length { get; }

    /// <summary>The extents in file order.</summary>
    public ImmutableArray<Extent> Extents => _extents;

    /// <summary>The whole of a source.</summary>
    public static Layout Of(IByteSource source) =>
        source.Length == 0 ? Empty : new([new SourceExtent(source, 0, source.Length)]);

    /// <summary>Bytes in memory.</summary>
    public static Layout Of(ReadOnlyMemory<byte> bytes) => Empty.Append(bytes);

    /// <summary>This layout followed by bytes.</summary>
    public Layout Append(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? this : new(_extents.Add(new BytesExtent(bytes)));

    /// <summary>This layout followed by another.</summary>
    public Layout Append(Layout tail) => new(_extents.AddRange(tail._extents));

    /// <summary>This layout followed by <paramref name="count"/> zero bytes.</summary>
    public Layout AppendZeros(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count == 0 ? this : new(_extents.Add(new ZeroExtent(count)));
    }

    /// <summary>Zero-extends to <paramref name="length"/> bytes.</summary>
    public Layout PadTo(long length) => AppendZeros(length - Length);

    /// <summary>Zero-extends to the next multiple of <paramref name="alignment"/> bytes.</summary>
    public Layout AlignTo(int alignment) => PadTo(Alignment.Up(Length, alignment));

    /// <summary>The bytes [offset, offset + length) as a layout of their own.</summary>
    public Layout Slice(long offset, long length)
    {
        RequireInside(offset, length);
        var parts = ImmutableArray.CreateBuilder<Extent>();
        long start = 0, end = offset + length;
        foreach (Extent extent in _extents)
        {
            long from = Math.Max(offset, start), to = Math.Min(end, start + extent.Length);
            if (from < to)
                parts.Add(extent.Part(from - start, to - from));
            start += extent.Length;
        }
        return new(parts.DrainToImmutable());
    }

    /// <summary>This layout with the bytes at <paramref name="offset"/> replaced; the length stays.</summary>
    public Layout Overwrite(long offset, ReadOnlyMemory<byte> bytes)
    {
        RequireInside(offset, bytes.Length);
        long behind = offset + bytes.Length;
        return Slice(0, offset).Append(bytes).Append(Slice(behind, Length - behind));
    }

    /// <summary>Overwrites a little-endian u32.</summary>
    public Layout OverwriteUInt32(long offset, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Overwrite(offset, bytes);
    }

    /// <summary>Overwrites a little-endian u16.</summary>
    public Layout OverwriteUInt16(long offset, ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return Overwrite(offset, bytes);
    }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>.</summary>
    /// <exception cref="KexecSignException">KS1001 when the range is not inside the file.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        RequireInside(offset, destination.Length);
        long start = 0;
        foreach (Extent extent in _extents)
        {
            if (destination.IsEmpty)
                return;
            long skip = offset - start;
            if (skip < extent.Length)
            {
                int count = (int)Math.Min(extent.Length - skip, destination.Length);
                extent.Read(skip, destination[..count]);
                destination = destination[count..];
                offset += count;
            }
            start += extent.Length;
        }
    }

    /// <summary>Copies a range into memory.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Number of bytes; memory is taken only after the range was found to be inside the file.</param>
    public byte[] ReadBytes(long offset, long length)
    {
        RequireInside(offset, length);
        byte[] bytes = new byte[length];
        Read(offset, bytes);
        return bytes;
    }

    private void RequireInside(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
            throw FormatErrors.OutsideFile.With(offset, length, Length);
    }
}
