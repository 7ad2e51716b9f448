using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Files;

/// <summary>One of the hashes of a pass: takes from each chunk what its ranges cover.</summary>
internal sealed class ChunkReader(HashRequest request)
{
    /// <summary>The running hash.</summary>
    public IncrementalHash Hash { get; } = IncrementalHash.CreateHash(request.Algorithm);

    /// <summary>Takes a chunk that begins at an offset of the layout.</summary>
    public void Take(ReadOnlySpan<byte> chunk, long start)
    {
        foreach (ByteRange range in request.Ranges)
        {
            long from = Math.Max(range.Offset, start), to = Math.Min(range.Offset + range.Length, start + chunk.Length);
            if (from < to)
                Hash.AppendData(chunk[(int)(from - start)..(int)(to - start)]);
        }
    }
}
