using System.Buffers.Binary;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tests.Uefi;

/// <summary>A small flash image as edk2 formats it: volume header, store header, erased bytes, then something else.</summary>
internal static class Flash
{
    public const int VolumeHeaderSize = 72;
    public const int StoreStart = VolumeHeaderSize + 28;
    public const int StoreEnd = 0x1000;
    public const int Length = 0x2000;

    public static byte[] Empty()
    {
        byte[] flash = new byte[Length];
        new Guid("fff12b8d-7696-4c8b-a985-2747075b4f50").TryWriteBytes(flash.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(flash.AsSpan(32), Length);
        "_FVH"u8.CopyTo(flash.AsSpan(40));
        BinaryPrimitives.WriteUInt32LittleEndian(flash.AsSpan(44), 0x4FEFF);
        BinaryPrimitives.WriteUInt16LittleEndian(flash.AsSpan(48), VolumeHeaderSize);
        flash[55] = 2;
        BinaryPrimitives.WriteUInt32LittleEndian(flash.AsSpan(56), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(flash.AsSpan(60), 0x1000);
        new Guid("aaf32c78-947b-439a-a180-2e144ec37792").TryWriteBytes(flash.AsSpan(VolumeHeaderSize));
        BinaryPrimitives.WriteUInt32LittleEndian(flash.AsSpan(VolumeHeaderSize + 16), StoreEnd - VolumeHeaderSize);
        flash[VolumeHeaderSize + 20] = 0x5A;
        flash[VolumeHeaderSize + 21] = 0xFE;
        flash.AsSpan(StoreStart, StoreEnd - StoreStart).Fill(0xFF);
        flash.AsSpan(StoreEnd).Fill(0xA5);
        return WithChecksum(flash);
    }

    public static byte[] WithChecksum(byte[] flash)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(flash.AsSpan(50), 0);
        uint sum = 0;
        for (int i = 0; i < VolumeHeaderSize; i += 2)
            sum += BinaryPrimitives.ReadUInt16LittleEndian(flash.AsSpan(i));
        BinaryPrimitives.WriteUInt16LittleEndian(flash.AsSpan(50), (ushort)((0x10000 - (sum & 0xFFFF)) & 0xFFFF));
        return flash;
    }

    public static Layout Layout(byte[] flash) => global::KexecSign.Formats.Layouts.Layout.Of(flash);
}
