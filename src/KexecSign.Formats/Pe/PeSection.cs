namespace KexecSign.Formats.Pe;

/// <summary>A section header (40 bytes in the file). Offsets and sizes in bytes.</summary>
/// <param name="Name">Name as the kernel compares it: up to 8 ASCII bytes, cut at the first NUL; a longer one in its place where
/// <see cref="LongSectionNames"/> found it.</param>
/// <param name="VirtualSize">Size in memory.</param>
/// <param name="VirtualAddress">RVA, relative to the image's load address.</param>
/// <param name="SizeOfRawData">Size in the file; 0 for a section without file content.</param>
/// <param name="PointerToRawData">File offset.</param>
/// <param name="Characteristics">Flags, <see cref="PeConstants"/>.</param>
public sealed record PeSection(
    string Name, uint VirtualSize, uint VirtualAddress, uint SizeOfRawData, uint PointerToRawData, uint Characteristics)
{
    /// <summary>File offset behind the last byte.</summary>
    public long RawEnd => (long)PointerToRawData + SizeOfRawData;

    /// <summary>RVA behind the last byte that the section needs in memory.</summary>
    public long VirtualEnd => (long)VirtualAddress + Math.Max(VirtualSize, SizeOfRawData);
}
