using System.Buffers.Binary;

namespace KexecSign.Compression;

/// <summary>
/// Makes a deflate stream go on: the mark of its last block (RFC 1951 3.2.3) is taken away, and an empty stored block ends it at a
/// byte's end, so that another stream's bytes can follow. To find that block the codes have to be read, but nothing is unpacked.
/// </summary>
internal static class DeflateJoint
{
    /// <summary>The longest end that <see cref="Open"/> writes, in bytes.</summary>
    public const int EndSize = 5;

    /// <summary>Opens a stream's end.</summary>
    /// <param name="stream">A whole deflate stream, changed in place, and <see cref="EndSize"/> bytes of room behind it.</param>
    /// <param name="length">The stream's length in bytes.</param>
    /// <returns>The length with the end that was added.</returns>
    /// <exception cref="InvalidDataException">It is no deflate stream of exactly that length.</exception>
    public static int Open(Span<byte> stream, int length)
    {
        (long lastBlock, long end) = new DeflateCodes(stream[..length]).LastBlock();
        if ((end + 7) / 8 != length)
            throw new InvalidDataException($"the stream ends at bit {end} of {length} bytes");
        stream[(int)(lastBlock / 8)] &= (byte)(0xFF ^ (1 << (int)(lastBlock % 8)));
        // The empty block's three bits of header are zeros, as are those up to the next byte.
        int aligned = (int)((end + 3 + 7) / 8);
        if (end % 8 != 0)
            stream[length - 1] &= (byte)((1 << (int)(end % 8)) - 1);
        stream[length..aligned].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(stream[aligned..], 0xFFFF0000);
        return aligned + 4;
    }
}
