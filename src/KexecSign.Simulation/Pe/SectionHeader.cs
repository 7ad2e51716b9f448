using System.Buffers.Binary;

namespace KexecSign.Simulation.Pe;

/// <summary>A section header as <c>pefile_compare_shdrs()</c> and the digest see it.</summary>
internal readonly struct SectionHeader(ReadOnlyMemory<byte> bytes)
{
    /// <summary>Size of one header in bytes.</summary>
    public const int Size = 40;

    private readonly ReadOnlyMemory<byte> _bytes = bytes;

    public uint VirtualSize => Field(8);

    public uint VirtualAddress => Field(12);

    public uint RawSize => Field(16);

    public uint RawOffset => Field(20);

    /// <summary>The kernel's order: file offset, address, name, virtual size, raw size.</summary>
    public static int Compare(SectionHeader left, SectionHeader right)
    {
        int order = left.RawOffset.CompareTo(right.RawOffset);
        if (order == 0)
            order = left.VirtualAddress.CompareTo(right.VirtualAddress);
        if (order == 0)
            order = CompareNames(left._bytes.Span, right._bytes.Span);
        if (order == 0)
            order = left.VirtualSize.CompareTo(right.VirtualSize);
        return order == 0 ? left.RawSize.CompareTo(right.RawSize) : order;
    }

    // strcmp() on an eight-byte name without NUL runs on into the fields behind it.
    private static int CompareNames(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (int at = 0; at < Size; at++)
        {
            int order = left[at].CompareTo(right[at]);
            if (order != 0 || left[at] == 0)
                return order;
        }
        return 0;
    }

    private uint Field(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Span[offset..]);
}
