using System.Buffers;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>
/// Reads a layout once, hashing it and writing it, with one small buffer and no further thread: for batches, whose files are worked
/// on side by side anyway.
/// </summary>
internal static class ContentPass
{
    private const int ChunkSize = 1 << 17;

    /// <summary>The hash of a layout, which is written on the way when there is an output.</summary>
    public static byte[] Run(Layout content, HashAlgorithmName algorithm, OutputFile? output, IRunStep step, CancellationToken cancellation)
    {
        if (content.Extents is [BytesExtent { Bytes: var bytes }])
        {
            cancellation.ThrowIfCancellationRequested();
            output?.Write(bytes.Span);
            step.Advance(bytes.Length);
            return CryptographicOperations.HashData(algorithm, bytes.Span);
        }
        using var hash = IncrementalHash.CreateHash(algorithm);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(content.Length, 1, ChunkSize));
        try
        {
            for (long at = 0; at < content.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, content.Length - at));
                content.Read(at, chunk);
                hash.AppendData(chunk);
                output?.Write(chunk, content.Length);
                at += chunk.Length;
                step.Advance(chunk.Length);
            }
            return hash.GetHashAndReset();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
