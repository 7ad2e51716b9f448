using System.Buffers.Binary;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>The head of a Windows bitmap, as systemd's splash.c reads it.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
public sealed record SplashBitmap(int Width, int Height)
{
    private const int HeadSize = 26;

    /// <summary>Reads the head.</summary>
    /// <param name="head">The first bytes, at least 26 of them where the file has as many.</param>
    /// <param name="length">Length of the file.</param>
    /// <exception cref="KexecSignException">KS1717.</exception>
    public static SplashBitmap Read(ReadOnlySpan<byte> head, long length) =>
        head.Length >= HeadSize && head[0] == 'B' && head[1] == 'M' && BinaryPrimitives.ReadUInt32LittleEndian(head[2..]) <= length
            ? new(BinaryPrimitives.ReadInt32LittleEndian(head[18..]), BinaryPrimitives.ReadInt32LittleEndian(head[22..]))
            : throw FormatErrors.NotBitmap.With(Convert.ToHexString(head[..Math.Min(6, head.Length)]), length);
}
