using System.Runtime.CompilerServices;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>How far two layouts are the same, wherever their bytes are.</summary>
internal static class CommonPrefix
{
    private const int ChunkSize = 1 << 15;

    /// <summary>How many bytes from the first on they have alike: the shorter one's length when the other begins like it.</summary>
    [SkipLocalsInit]
    public static long Of(Layout one, Layout other)
    {
        // On the stack, and what is in memory is compared where it is: thousands of processes compare one module each, and new pages are
        // most of their time.
        Span<byte> left = stackalloc byte[ChunkSize], right = stackalloc byte[ChunkSize];
        Extent? whole = other.Extents is [var only] ? only : null;
        long start = 0, least = Math.Min(one.Length, other.Length);
        foreach (Extent extent in one.Extents)
        {
            for (long at = start, end = Math.Min(start + extent.Length, least); at < end; at += ChunkSize)
            {
                int count = (int)Math.Min(ChunkSize, end - at);
                int same = Chunk(one, extent, start, at, left[..count]).CommonPrefixLength(Chunk(other, whole, 0, at, right[..count]));
                if (same != count)
                    return at + same;
            }
            start += extent.Length;
        }
        return least;
    }

    private static ReadOnlySpan<byte> Chunk(Layout layout, Extent? extent, long start, long at, Span<byte> buffer)
    {
        if (extent is BytesExtent { Bytes: var bytes })
            return bytes.Span.Slice((int)(at - start), buffer.Length);
        layout.Read(at, buffer);
        return buffer;
    }
}
