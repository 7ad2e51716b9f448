using System.Buffers.Binary;
using System.Text;

namespace KexecSign.Fixtures;

/// <summary>
/// A small PE image with the shape of a kernel: headers, .text, .data. Built canonical; every header field can then be made
/// to lie.
/// </summary>
public sealed class TestImage
{
    public const int SizeOfHeaders = 0x1000;
    public const int TextSize = 0x2000;
    public const int DataSize = 0x600;
    public const int ImageSize = 0x20000;

    private const int PeOffset = 0x40;
    private const int OptionalOffset = PeOffset + 24;

    private TestImage(byte[] bytes, int directories)
    {
        Bytes = bytes;
        DirectoryCount = directories;
    }

    public byte[] Bytes { get; private set; }

    public int DirectoryCount { get; }

    public int Pe => PeOffset;

    public int Optional => OptionalOffset;

    public int CertificateDirectory => OptionalOffset + 112 + 32;

    public int SectionTable => OptionalOffset + 112 + 8 * DirectoryCount;

    /// <summary>An arm64 <c>Image</c> whose bss tail is not in the file.</summary>
    public static TestImage Arm64(int seed = 1, int directories = 6, uint fileAlignment = 0x200)
    {
        TestImage image = Build(seed, directories, fileAlignment, TextSize, DataSize);
        image.U64(16, ImageSize);
        image.U64(24, 0b1010);
        "ARM\x64"u8.CopyTo(image.Bytes.AsSpan(56));
        return image;
    }

    /// <summary>An EFI zboot image; the payload lies in .text, as the kernel's linker script has it.</summary>
    /// <param name="payload">What lies there, the length behind a zstd payload included.</param>
    /// <param name="compression">Name in the header.</param>
    public static TestImage Zboot(ReadOnlySpan<byte> payload, string compression)
    {
        const int offset = SizeOfHeaders + 0x400;
        int text = (0x400 + payload.Length + 0x1FF) / 0x200 * 0x200;
        TestImage image = Build(2, 6, 0x200, text, DataSize);
        payload.CopyTo(image.Bytes.AsSpan(offset));
        image.U16(2, 0);
        "zimg"u8.CopyTo(image.Bytes.AsSpan(4));
        image.U32(8, offset);
        image.U32(12, (uint)(payload.Length - (compression == "gzip" ? 0 : 4)));
        Encoding.ASCII.GetBytes(compression).CopyTo(image.Bytes, 0x18);
        image.U32(56, 0x818223CD);
        return image;
    }

    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(offset));

    public TestImage U16(int offset, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(offset), value);
        return this;
    }

    public TestImage U32(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Bytes.AsSpan(offset), value);
        return this;
    }

    public TestImage U64(int offset, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Bytes.AsSpan(offset), value);
        return this;
    }

    /// <summary>Sets a field of the optional header.</summary>
    public TestImage OptionalField(int offset, uint value) => U32(Optional + offset, value);

    /// <summary>Sets a field of a section header: 8 VirtualSize, 12 VirtualAddress, 16 SizeOfRawData, 20 PointerToRawData.</summary>
    public TestImage SectionField(int section, int offset, uint value) => U32(SectionTable + 40 * section + offset, value);

    /// <summary>Points the certificate directory somewhere.</summary>
    public TestImage Certificates(uint offset, uint size) => U32(CertificateDirectory, offset).U32(CertificateDirectory + 4, size);

    public TestImage CutTo(int length)
    {
        Bytes = Bytes[..length];
        return this;
    }

    public TestImage Append(ReadOnlySpan<byte> tail)
    {
        Bytes = [.. Bytes, .. tail];
        return this;
    }

    /// <summary>Puts bytes in and leaves every header as it is.</summary>
    public TestImage Insert(int offset, int count)
    {
        Bytes = [.. Bytes[..offset], .. new byte[count], .. Bytes[offset..]];
        return this;
    }

    private static TestImage Build(int seed, int directories, uint fileAlignment, int textSize, int dataSize)
    {
        byte[] bytes = new byte[SizeOfHeaders + textSize + dataSize];
        new Random(seed).NextBytes(bytes.AsSpan(SizeOfHeaders));
        var image = new TestImage(bytes, directories);
        "MZ"u8.CopyTo(bytes);
        image.U32(0x3C, PeOffset);
        "PE\0\0"u8.CopyTo(bytes.AsSpan(PeOffset));
        image.U16(PeOffset + 4, 0xAA64).U16(PeOffset + 6, 2).U16(PeOffset + 20, (ushort)(112 + directories * 8)).U16(PeOffset + 22, 0x0206);
        image.U16(OptionalOffset, 0x020B);
        uint address = SizeOfHeaders + (uint)(textSize + 0xFFF) / 0x1000 * 0x1000;
        uint virtualSize = Math.Max(ImageSize, address + 0x1000) - address;
        image.OptionalField(4, (uint)textSize).OptionalField(8, virtualSize).OptionalField(16, SizeOfHeaders).OptionalField(20, SizeOfHeaders)
            .OptionalField(32, 0x1000).OptionalField(36, fileAlignment).OptionalField(56, address + virtualSize).OptionalField(60, SizeOfHeaders)
            .U16(OptionalOffset + 68, 10).OptionalField(108, (uint)directories);
        image.Section(0, ".text", (uint)textSize, SizeOfHeaders, (uint)textSize, SizeOfHeaders, 0x60000020);
        image.Section(1, ".data", virtualSize, address, (uint)dataSize, (uint)(SizeOfHeaders + textSize), 0xC0000040);
        return image;
    }

    private void Section(int index, string name, uint virtualSize, uint address, uint rawSize, uint pointer, uint flags)
    {
        int at = SectionTable + 40 * index;
        Encoding.ASCII.GetBytes(name).CopyTo(Bytes, at);
        SectionField(index, 8, virtualSize).SectionField(index, 12, address).SectionField(index, 16, rawSize).SectionField(index, 20, pointer).SectionField(index, 36, flags);
    }
}
