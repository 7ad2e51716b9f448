using System.Buffers.Binary;

namespace KexecSign.Bench;

/// <summary>A PE image of any size that takes no space on the disk: true headers and one section of zeros.</summary>
internal static class SyntheticImage
{
    private const int HeaderSize = 0x1000;

    public static void Write(string path, long size)
    {
        byte[] header = new byte[HeaderSize];
        uint section = checked((uint)(size - HeaderSize));
        Put16(0x00, 0x5A4D);
        Put32(0x3C, 0x40);
        Put32(0x40, 0x4550);
        Put16(0x44, 0xAA64);
        Put16(0x46, 1);
        Put16(0x54, 0xA0 + 0x10);
        Put16(0x56, 0x206);

        const int optional = 0x58;
        Put16(optional, 0x20B);
        Put32(optional + 4, section);
        Put32(optional + 16, HeaderSize);
        Put32(optional + 20, HeaderSize);
        Put32(optional + 32, HeaderSize);
        Put32(optional + 36, 0x200);
        Put32(optional + 56, checked((uint)size));
        Put32(optional + 60, HeaderSize);
        Put16(optional + 68, 10);
        Put32(optional + 108, 8);

        const int table = optional + 0xB0;
        ".text"u8.CopyTo(header.AsSpan(table));
        Put32(table + 8, section);
        Put32(table + 12, HeaderSize);
        Put32(table + 16, section);
        Put32(table + 20, HeaderSize);
        Put32(table + 36, 0x60000020);

        using FileStream file = File.Create(path);
        file.Write(header);
        file.SetLength(size);

        void Put16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(offset), value);
        void Put32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(offset), value);
    }
}
