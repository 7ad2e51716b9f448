using System.Buffers.Binary;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>
/// Finds <c>.bpf</c> as the kernel does (kernel/kexec_uefi_app.c, pe_get_section()): the first section of that name, as
/// long as SizeOfRawData says. What the kernel does not check is checked here.
/// </summary>
internal static class PeBpfSection
{
    private const int SectionHeader = 40;

    /// <summary>The section's bytes; null when the image is no PE or has no such section.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="isOutside">Whether the section lies outside of the file, where the kernel would read foreign memory.</param>
    public static ReadOnlyMemory<byte>? Find(ReadOnlyMemory<byte> image, out bool isOutside)
    {
        isOutside = false;
        ReadOnlySpan<byte> bytes = image.Span;
        if (bytes.Length < 64 || bytes[0] != 'M' || bytes[1] != 'Z')
            return null;
        long pe = BinaryPrimitives.ReadUInt32LittleEndian(bytes[0x3C..]);
        if (pe > bytes.Length - 24 || !bytes.Slice((int)pe, 4).SequenceEqual("PE\0\0"u8))
            return null;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[((int)pe + 6)..]);
        long table = pe + 24 + BinaryPrimitives.ReadUInt16LittleEndian(bytes[((int)pe + 20)..]);
        for (int i = 0; i < count && table + SectionHeader <= bytes.Length; i++, table += SectionHeader)
        {
            ReadOnlySpan<byte> header = bytes.Slice((int)table, SectionHeader);
            if (!header[..8].SequenceEqual(".bpf\0\0\0\0"u8))
                continue;
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]), at = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
            isOutside = size > (uint)bytes.Length || at > (uint)bytes.Length - size;
            return isOutside ? ReadOnlyMemory<byte>.Empty : image.Slice((int)at, (int)size);
        }
        return null;
    }
}
