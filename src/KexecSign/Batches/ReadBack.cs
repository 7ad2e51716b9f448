using System.Runtime.CompilerServices;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Batches;

/// <summary>
/// What was written is read again before it takes its place, and compared with what was read: packing and unpacking, libraries of
/// the machine and the disk may each lose something, and a signature over what is left would say that all is well.
/// </summary>
internal static class ReadBack
{
    private const int ChunkSize = 1 << 15;

    /// <summary>Raises KS3753 unless the two have the same bytes.</summary>
    /// <param name="expected">What should be there.</param>
    /// <param name="found">What is there.</param>
    /// <param name="what">Name of the part, for the message.</param>
    [SkipLocalsInit]
    public static void RequireSame(Layout expected, Layout found, string what)
    {
        if (expected.Length != found.Length)
            throw OperationErrors.ReadBackDiffers.With(what, Math.Min(expected.Length, found.Length), expected.Length, found.Length);
        // On the stack, and what is in memory is compared where it is: thousands of processes do this for one module each, and new pages
        // are most of their time.
        Span<byte> left = stackalloc byte[ChunkSize], right = stackalloc byte[ChunkSize];
        long start = 0;
        foreach (Extent extent in expected.Extents)
        {
            for (long at = start, end = start + extent.Length; at < end; at += ChunkSize)
            {
                int count = (int)Math.Min(ChunkSize, end - at);
                ReadOnlySpan<byte> wanted = Chunk(expected, extent, start, at, left[..count]);
                ReadOnlySpan<byte> there = Chunk(found, found.Extents is [var whole] ? whole : null, 0, at, right[..count]);
                int same = wanted.CommonPrefixLength(there);
                if (same != count)
                    throw OperationErrors.ReadBackDiffers.With(what, at + same, expected.Length, found.Length);
            }
            start += extent.Length;
        }
    }

    /// <summary>The same for an output that is written and not in place yet.</summary>
    /// <exception cref="KexecSignException">KS3753.</exception>
    public static void RequireWritten(Layout expected, OutputFile output) => RequireSame(expected, output.ToLayout(), "the written file");

    private static ReadOnlySpan<byte> Chunk(Layout layout, Extent? extent, long start, long at, Span<byte> buffer)
    {
        if (extent is BytesExtent { Bytes: var bytes })
            return bytes.Span.Slice((int)(at - start), buffer.Length);
        layout.Read(at, buffer);
        return buffer;
    }
}
