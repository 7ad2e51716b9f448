using KexecSign.Core;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>Writes QEMU flash images. They are 64 MiB each and nearly all zeros, so zeros become holes.</summary>
internal static class FlashFile
{
    private const int ChunkSize = 1 << 16;

    /// <summary>Writes a flash image that appears whole or not at all.</summary>
    public static void Write(Layout flash, string path, RunContext context)
    {
        using OutputFile output = OutputFile.Create(path);
        byte[] chunk = new byte[ChunkSize];
        for (long at = 0; at < flash.Length; at += ChunkSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(ChunkSize, flash.Length - at));
            flash.Read(at, part);
            if (part.ContainsAnyExcept((byte)0))
                output.Write(part, flash.Length);
            else
                output.Skip(part.Length);
        }
        output.Commit();
    }
}
