using System.Buffers.Binary;

namespace KexecSign.Formats.Kernel;

/// <summary>The setup header of an x86 bzImage (arch/x86/boot/header.S; Documentation/arch/x86/boot.rst).</summary>
/// <param name="Version">Boot protocol version, major in the high byte.</param>
/// <param name="XLoadFlags">Bit 0: 64-bit entry, bit 1: may be loaded above 4 GiB.</param>
/// <param name="InitSize">Bytes of memory that the kernel needs while it starts.</param>
public sealed record BzImage(ushort Version, ushort XLoadFlags, uint InitSize)
{
    /// <summary>Bytes of a file that hold the header.</summary>
    public const int HeaderEnd = 0x264;

    private const uint HdrS = 0x53726448;

    /// <summary>Reads the header if there is one.</summary>
    public static BzImage? TryParse(ReadOnlySpan<byte> head) =>
        head.Length < HeaderEnd
        || BinaryPrimitives.ReadUInt16LittleEndian(head[0x1FE..]) != 0xAA55
        || BinaryPrimitives.ReadUInt32LittleEndian(head[0x202..]) != HdrS
            ? null
            : new(
                BinaryPrimitives.ReadUInt16LittleEndian(head[0x206..]),
                BinaryPrimitives.ReadUInt16LittleEndian(head[0x236..]),
                BinaryPrimitives.ReadUInt32LittleEndian(head[0x260..]));
}
