using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Authenticode;

/// <summary>
/// Tells content that has the form of a SignerInfo's signed attributes: a SET that is the whole of it, of SEQUENCEs that begin with an
/// object identifier. A key that signs such content as it is has thereby signed those attributes, and with them whatever image their
/// messageDigest is of: the bytes that a PE signature is over are this SET (RFC 5652 section 5.4), and nothing in them says what the key is
/// for.
/// </summary>
public static class AttributeSet
{
    private const int HeadSize = 32;
    private const byte Set = 0x31, Sequence = 0x30, ObjectIdentifier = 0x06;

    /// <summary>Whether content is such a set, in DER or in the BER that lenient readers take for it.</summary>
    public static bool Is(Layout content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return Is(content.ReadBytes(0, Math.Min(content.Length, HeadSize)), content.Length);
    }

    /// <summary>The same, by the first bytes of content and its length.</summary>
    /// <param name="head">The first 32 bytes or more, or all that there are.</param>
    /// <param name="size">Length of the whole content in bytes.</param>
    public static bool Is(ReadOnlySpan<byte> head, long size)
    {
        head = head[..Math.Min(head.Length, HeadSize)];
        if (head.IsEmpty || head[0] != Set || !TryLength(head[1..], out int outer, out long length))
            return false;
        // An indefinite length ends with two zeros, wherever those are; any other must be that of the whole.
        if (length >= 0 && length != size - 1 - outer)
            return false;
        ReadOnlySpan<byte> first = head[(1 + outer)..];
        return !first.IsEmpty && first[0] == Sequence && TryLength(first[1..], out int inner, out _)
            && first.Length > 1 + inner && first[1 + inner] == ObjectIdentifier;
    }

    // X.690 8.1.3. Long forms with leading zeros are no DER, but are read by some.
    private static bool TryLength(ReadOnlySpan<byte> bytes, out int size, out long length)
    {
        (size, length) = (1, -1);
        if (bytes.IsEmpty)
            return false;
        if (bytes[0] < 0x80)
        {
            length = bytes[0];
            return true;
        }
        int count = bytes[0] & 0x7F;
        if (count == 0)
            return true;
        size = 1 + count;
        if (count > 12 || bytes.Length < size)
            return false;
        length = 0;
        foreach (byte digit in bytes[1..size])
        {
            if (length > long.MaxValue >> 8)
                return false;
            length = (length << 8) | digit;
        }
        return true;
    }
}
