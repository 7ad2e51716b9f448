using System.Buffers;
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
    private const int ChunkSize = 1 << 17;

    /// <summary>Raises KS3753 unless the two have the same bytes.</summary>
    /// <param name="expected">What should be there.</param>
    /// <param name="found">What is there.</param>
    /// <param name="what">Name of the part, for the message.</param>
    public static void RequireSame(Layout expected, Layout found, string what)
    {
        if (expected.Length != found.Length)
            throw OperationErrors.ReadBackDiffers.With(what, Math.Min(expected.Length, found.Length), expected.Length, found.Length);
        if (expected.Extents is [BytesExtent { Bytes: var first }] && found.Extents is [BytesExtent { Bytes: var second }])
        {
            Compare(first.Span, second.Span, 0, expected.Length, what);
            return;
        }
        int size = (int)Math.Clamp(expected.Length, 1, ChunkSize);
        byte[] left = ArrayPool<byte>.Shared.Rent(size), right = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            for (long at = 0; at < expected.Length; at += size)
            {
                int count = (int)Math.Min(size, expected.Length - at);
                expected.Read(at, left.AsSpan(0, count));
                found.Read(at, right.AsSpan(0, count));
                Compare(left.AsSpan(0, count), right.AsSpan(0, count), at, expected.Length, what);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(left);
            ArrayPool<byte>.Shared.Return(right);
        }
    }

    /// <summary>The same for an output that is written and not in place yet.</summary>
    /// <exception cref="KexecSignException">KS3753.</exception>
    public static void RequireWritten(Layout expected, OutputFile output) => RequireSame(expected, output.ToLayout(), "the written file");

    private static void Compare(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> found, long at, long length, string what)
    {
        int same = expected.CommonPrefixLength(found);
        if (same != expected.Length)
            throw OperationErrors.ReadBackDiffers.With(what, at + same, length, length);
    }
}
