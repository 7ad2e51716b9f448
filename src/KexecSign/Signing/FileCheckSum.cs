using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Errors;
using KexecSign.Files;

namespace KexecSign.Signing;

/// <summary>
/// The PE checksum: the 16-bit one's-complement sum of the file, checksum field as zero, plus the file's length. Firmware
/// and kernel ignore it; it is kept true only in files that had one.
/// </summary>
internal static class FileCheckSum
{
    private const int ChunkSize = 1 << 20;

    /// <summary>Computes the checksum of a file just written, puts it in, and gives the file's SHA-256.</summary>
    public static byte[] Rewrite(OutputFile output, int checkSumOffset)
    {
        output.Overwrite(checkSumOffset, new byte[4]);
        ulong sum = 0;
        ForEachChunk(output, chunk =>
        {
            for (int i = 0; i + 1 < chunk.Length; i += 2)
                sum += BinaryPrimitives.ReadUInt16LittleEndian(chunk[i..]);
            if (chunk.Length % 2 != 0)
                sum += chunk[^1];
        });
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        byte[] field = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(field, checked((uint)(sum + (ulong)output.Length)));
        output.Overwrite(checkSumOffset, field);
        return Sha256(output);
    }

    /// <summary>SHA-256 of a file just written.</summary>
    public static byte[] Sha256(OutputFile output)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ForEachChunk(output, hash.AppendData);
        return hash.GetHashAndReset();
    }

    private static void ForEachChunk(OutputFile output, ReadOnlySpanAction action)
    {
        byte[] buffer = new byte[ChunkSize];
        for (long at = 0; at < output.Length;)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, output.Length - at));
            for (int read = 0; read < chunk.Length;)
            {
                int count = RandomAccess.Read(output.Handle, chunk[read..], at + read);
                read += count > 0 ? count : throw OperationErrors.InputChanged.With(output.Length, at + read).In(output.Path);
            }
            action(chunk);
            at += chunk.Length;
        }
    }

    private delegate void ReadOnlySpanAction(ReadOnlySpan<byte> bytes);
}
