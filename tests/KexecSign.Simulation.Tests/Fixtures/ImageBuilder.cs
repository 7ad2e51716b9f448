using System.Buffers.Binary;
using System.Text;

namespace KexecSign.Simulation.Tests.Fixtures;

/// <summary>Small PE files with the shape of kernel images; every byte that matters to a loader can be changed.</summary>
internal static class ImageBuilder
{
    public const int PeOffset = 0x40;
    public const int Optional = PeOffset + 24;
    public const int CertificateEntry = Optional + 112 + 32;
    public const int SectionTable = Optional + 112 + 6 * 8;
    public const int SizeOfHeaders = 0x1000;
    public const int TextSize = 0x2000;
    public const int DataSize = 0x600;
    public const int FileSize = SizeOfHeaders + TextSize + DataSize;
    public const int ImageSize = 0x20000;

    /// <summary>An arm64 <c>Image</c>: .text, .data, and a bss tail that is not in the file.</summary>
    public static byte[] Arm64Image(int seed = 1)
    {
        byte[] image = Pe(seed, machine: 0xAA64);
        WriteUInt64(image, 16, ImageSize);
        WriteUInt64(image, 24, 0b1010);
        "ARM\x64"u8.CopyTo(image.AsSpan(56));
        return image;
    }

    /// <summary>An EFI zboot image: the same PE, other magics.</summary>
    public static byte[] Zboot()
    {
        byte[] image = Pe(seed: 2, machine: 0xAA64);
        "zimg"u8.CopyTo(image.AsSpan(4));
        WriteUInt32(image, 8, SizeOfHeaders + 0x400);
        WriteUInt32(image, 12, 0x1000);
        "gzip"u8.CopyTo(image.AsSpan(0x18));
        WriteUInt32(image, 56, 0x818223CD);
        return image;
    }

    /// <summary>An x86 bzImage: a setup header inside the first sections, PE header behind it.</summary>
    public static byte[] BzImage()
    {
        byte[] image = Pe(seed: 3, machine: 0x8664);
        image[0x1F1] = 7;
        WriteUInt16(image, 0x1FE, 0xAA55);
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        WriteUInt16(image, 0x206, 0x020F);
        image[0x211] = 1;
        WriteUInt16(image, 0x236, 0x003F);
        WriteUInt32(image, 0x260, ImageSize);
        return image;
    }

    /// <summary>A riscv64 <c>Image</c>.</summary>
    public static byte[] RiscVImage()
    {
        byte[] image = Pe(seed: 4, machine: 0x5064);
        WriteUInt64(image, 16, ImageSize);
        "RSC\x05"u8.CopyTo(image.AsSpan(56));
        return image;
    }

    public static byte[] PadTo(byte[] image, int length)
    {
        byte[] padded = new byte[length];
        image.CopyTo(padded, 0);
        return padded;
    }

    public static byte[] With(byte[] image, Action<byte[]> change)
    {
        byte[] copy = (byte[])image.Clone();
        change(copy);
        return copy;
    }

    public static void WriteUInt16(byte[] image, int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

    public static void WriteUInt32(byte[] image, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);

    public static void WriteUInt64(byte[] image, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(offset), value);

    public static uint ReadUInt32(byte[] image, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(offset));

    private static byte[] Pe(int seed, ushort machine)
    {
        byte[] image = new byte[FileSize];
        new Random(seed).NextBytes(image.AsSpan(SizeOfHeaders));
        "MZ"u8.CopyTo(image);
        WriteUInt32(image, 0x3C, PeOffset);
        "PE\0\0"u8.CopyTo(image.AsSpan(PeOffset));
        WriteUInt16(image, PeOffset + 4, machine);
        WriteUInt16(image, PeOffset + 6, 2);
        WriteUInt16(image, PeOffset + 20, 112 + 6 * 8);
        WriteUInt16(image, PeOffset + 22, 0x0206);
        WriteUInt16(image, Optional, 0x020B);
        WriteUInt32(image, Optional + 4, TextSize);
        WriteUInt32(image, Optional + 8, ImageSize - SizeOfHeaders - TextSize);
        WriteUInt32(image, Optional + 16, SizeOfHeaders);
        WriteUInt32(image, Optional + 20, SizeOfHeaders);
        WriteUInt32(image, Optional + 32, 0x1000);
        WriteUInt32(image, Optional + 36, 0x200);
        WriteUInt32(image, Optional + 56, ImageSize);
        WriteUInt32(image, Optional + 60, SizeOfHeaders);
        WriteUInt16(image, Optional + 68, 10);
        WriteUInt32(image, Optional + 108, 6);
        WriteSection(image, 0, ".text", TextSize, SizeOfHeaders, TextSize, 0x60000020);
        WriteSection(image, 1, ".data", ImageSize - SizeOfHeaders - TextSize, SizeOfHeaders + TextSize, DataSize, 0xC0000040);
        return image;
    }

    private static void WriteSection(byte[] image, int index, string name, int virtualSize, int offset, int rawSize, uint flags)
    {
        int at = SectionTable + index * 40;
        Encoding.ASCII.GetBytes(name).CopyTo(image, at);
        WriteUInt32(image, at + 8, (uint)virtualSize);
        WriteUInt32(image, at + 12, (uint)offset);
        WriteUInt32(image, at + 16, (uint)rawSize);
        WriteUInt32(image, at + 20, (uint)offset);
        WriteUInt32(image, at + 36, flags);
    }
}
