using System.Buffers.Binary;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Elf;

/// <summary>
/// The beginning of an ELF file of any class and byte order (System V gABI, ELF header): <see cref="Elf64File"/> reads those of 64 bits and
/// little-endian alone.
/// </summary>
public static class ElfHead
{
    /// <summary>Bytes that are looked at.</summary>
    public const int Size = TypeOffset + sizeof(ushort);

    /// <summary>e_type of an object that is yet to be linked; kernel modules and parsers are such.</summary>
    public const ushort Relocatable = 1;

    private const int OrderOffset = 5, TypeOffset = 16;
    private const uint Magic = 0x7F454C46;
    private const byte LittleEndian = 1, BigEndian = 2;

    /// <summary>Raises an error unless it begins a relocatable object.</summary>
    /// <param name="head">The file's first bytes; fewer than <see cref="Size"/> when it has no more.</param>
    /// <param name="what">What it is of, for messages.</param>
    /// <exception cref="KexecSignException">KS1303.</exception>
    public static void RequireRelocatable(ReadOnlySpan<byte> head, string what)
    {
        Span<byte> whole = stackalloc byte[Size];
        whole.Clear();
        head[..Math.Min(head.Length, Size)].CopyTo(whole);
        if (BinaryPrimitives.ReadUInt32BigEndian(whole) is var magic and not Magic)
            throw FormatErrors.ElfHeader.With($"the magic of {what}", magic, Magic);
        byte order = whole[OrderOffset];
        if (order is not (LittleEndian or BigEndian))
            throw FormatErrors.ElfHeader.With($"e_ident[EI_DATA] of {what}", order, LittleEndian);
        ReadOnlySpan<byte> field = whole[TypeOffset..];
        ushort type = order == LittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(field) : BinaryPrimitives.ReadUInt16BigEndian(field);
        if (type != Relocatable)
            throw FormatErrors.ElfHeader.With($"e_type of {what}", type, Relocatable);
    }
}
