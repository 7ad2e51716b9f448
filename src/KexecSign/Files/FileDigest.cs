using System.Buffers;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>The digest of a file that an IMA signature of a type is about: of its content, or fs-verity's.</summary>
internal static class FileDigest
{
    private const int ChunkSize = 1 << 17;

    /// <summary>Reads a file and gives its digest.</summary>
    public static byte[] Of(Layout file, byte type, HashAlgorithmName hash, IRunStep step, CancellationToken cancellation)
    {
        if (type != ImaSignature.VerityDigsig)
            return ContentPass.Run(file, hash, null, step, cancellation);
        using var verity = new VerityDigest(hash);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            for (long at = 0; at < file.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, file.Length - at));
                file.Read(at, chunk);
                verity.Append(chunk);
                at += chunk.Length;
                step.Advance(chunk.Length);
            }
            return verity.Finish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
