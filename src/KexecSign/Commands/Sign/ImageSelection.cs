using System.Buffers.Binary;
using KexecSign.Batches;
using KexecSign.Files;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Sign;

/// <summary>Which files below a folder are EFI images. Kernels have no ending to know them by, so what is in a file decides.</summary>
internal static class ImageSelection
{
    // PE/COFF: e_lfanew; the subsystem lies at the same place of PE32 and PE32+ headers, behind signature and file header.
    private const int PointerOffset = 0x3C, SubsystemOffset = 4 + 20 + 68, HeadSize = PointerOffset + 4;
    private const ushort EfiApplication = 10, EfiRom = 13;

    /// <summary>For <c>sign</c>.</summary>
    public static BatchSelection ToSign { get; } = new("sign", "EFI image", _ => true) { Holds = IsImage };

    // Broken images are taken, because signing them says what is wrong; and so is what cannot be opened. Programs of other systems are not.
    private static bool IsImage(SelectedFile file)
    {
        try
        {
            using FileSource source = file.Open();
            Span<byte> head = stackalloc byte[HeadSize];
            if (source.Length < 2)
                return false;
            head = head[..(int)Math.Min(HeadSize, source.Length)];
            source.Read(0, head);
            if (!head.StartsWith("MZ"u8))
                return false;
            if (head.Length < HeadSize)
                return true;
            long at = BinaryPrimitives.ReadUInt32LittleEndian(head[PointerOffset..]) + (long)SubsystemOffset;
            if (at + 2 > source.Length)
                return true;
            Span<byte> subsystem = stackalloc byte[2];
            source.Read(at, subsystem);
            return BinaryPrimitives.ReadUInt16LittleEndian(subsystem) is >= EfiApplication and <= EfiRom;
        }
        catch (KexecSignException)
        {
            return true;
        }
    }
}
