using System.Runtime.InteropServices;
using KexecSign.Formats.Errors;

namespace KexecSign.Files;

/// <summary>
/// The PE checksum while a file is written: the one's-complement sum of its 16-bit little-endian words, checksum field as zero, plus
/// the file's length. Firmware and kernel ignore it; it is kept true only in files that had one.
/// </summary>
internal sealed class FileSum
{
    private ulong _sum;
    private long _length;

    /// <summary>Adds what follows. Only the last piece may have an odd length.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_length % 2 != 0)
            throw new InvalidOperationException("bytes follow a word that was cut");
        _length += bytes.Length;
        // 0x10000 is 1 in this arithmetic, so that two words can be added as one.
        ReadOnlySpan<uint> pairs = MemoryMarshal.Cast<byte, uint>(bytes);
        ulong sum = 0;
        foreach (uint pair in pairs)
            sum = unchecked(sum + pair);
        ReadOnlySpan<byte> rest = bytes[(pairs.Length * 4)..];
        for (int i = 0; i < rest.Length; i++)
            sum += (ulong)rest[i] << (i % 2 * 8);
        _sum = Fold(_sum + Fold(sum));
    }

    /// <summary>Takes bytes for others that were added.</summary>
    /// <param name="at">Where they lie in the file.</param>
    /// <param name="was">What was added; an even number of bytes.</param>
    /// <param name="is">What is there now; as many.</param>
    public void Replace(long at, ReadOnlySpan<byte> was, ReadOnlySpan<byte> @is)
    {
        // 255 less a byte, in both halves of a word, is minus that byte.
        for (int i = 0; i < was.Length; i++)
            _sum += (ulong)(255 - was[i] + @is[i]) << ((int)((at + i) % 2) * 8);
        _sum = Fold(_sum);
    }

    /// <summary>The checksum of all that was added.</summary>
    /// <exception cref="KexecSignException">KS1026 when the file is longer than the field can say.</exception>
    public uint Value() => _sum + (ulong)_length is <= uint.MaxValue and ulong value
        ? (uint)value
        : throw FormatErrors.ImageTooLarge.With(_length, uint.MaxValue);

    private static ulong Fold(ulong sum)
    {
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return sum;
    }
}
