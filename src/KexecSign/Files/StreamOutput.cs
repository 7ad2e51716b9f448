using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>Copies a finished output into a pipe, a terminal or standard output.</summary>
internal static class StreamOutput
{
    private const int ChunkSize = 1 << 16;

    /// <summary>Copies all of it.</summary>
    /// <exception cref="IOException">The reader has gone, or what takes the bytes is full.</exception>
    public static void Copy(SafeFileHandle from, long length, OutputTarget target)
    {
        using SafeFileHandle stream = target.OpenStream();
        byte[] chunk = new byte[ChunkSize];
        for (long at = 0; at < length;)
        {
            int count = RandomAccess.Read(from, chunk.AsSpan(0, (int)Math.Min(ChunkSize, length - at)), at);
            if (count == 0)
                throw Libc.Failed(Libc.InputOutput);
            Write(stream, chunk.AsSpan(0, count));
            at += count;
        }
        Libc.Check(Libc.Close(Libc.Duplicate(stream)));
    }

    private static unsafe void Write(SafeFileHandle stream, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint count;
            fixed (byte* from = bytes)
                count = Libc.Write(stream, from, (nuint)bytes.Length);
            if (count >= 0)
            {
                bytes = bytes[(int)count..];
                continue;
            }
            switch (Marshal.GetLastPInvokeError())
            {
                case Libc.InterruptedCall:
                    break;
                case Libc.TryAgain:
                    var full = new Libc.PolledFile { Descriptor = (int)stream.DangerousGetHandle(), Wanted = Libc.PollOut };
                    _ = Libc.Poll(&full, 1, -1);
                    break;
                default:
                    throw Libc.Failed();
            }
        }
    }
}
