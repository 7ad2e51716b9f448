using System.Buffers.Binary;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Formats.Kernel;

/// <summary>The architectures whose kernels are an <c>Image</c> with a size in the header.</summary>
public enum ImageArchitecture
{
    /// <summary>arm64: magic <c>ARM\x64</c> at 0x38.</summary>
    Arm64,

    /// <summary>riscv: magic <c>RSC\x05</c> at 0x38.</summary>
    RiscV,

    /// <summary>loongarch: LINUX_PE_MAGIC at 0x38 without <c>zimg</c> at 4.</summary>
    LoongArch,
}

/// <summary>
/// The 64-byte header of an uncompressed kernel (arch/arm64/include/asm/image.h, arch/riscv/include/asm/image.h,
/// arch/loongarch/kernel/head.S). All numbers little-endian.
/// </summary>
/// <param name="Architecture">Which of the three.</param>
/// <param name="TextOffset">Load offset from a 2 MiB boundary, in bytes (arm64, riscv).</param>
/// <param name="ImageSize">Bytes of memory that the kernel needs, bss included.</param>
/// <param name="Flags">arm64: bit 0 big-endian, bits 1-2 page size (1 = 4K, 2 = 16K, 3 = 64K), bit 3 placement.</param>
public sealed record KernelImage(ImageArchitecture Architecture, ulong TextOffset, ulong ImageSize, ulong Flags)
{
    /// <summary>Length of the header, in bytes.</summary>
    public const int HeaderSize = 64;

    /// <summary>File offset of the u64 image_size, on all three architectures.</summary>
    public const int ImageSizeOffset = 16;

    private const uint LinuxPeMagic = 0x818223CD;
    private const uint ZimgMagic = 0x676D697A;

    /// <summary>The architecture.</summary>
    public KernelArchitecture Kernel => Of(Architecture);

    /// <summary>Page size in KiB that an arm64 kernel was built for; null when unspecified or on other architectures.</summary>
    public int? PageSizeKiB => Architecture != ImageArchitecture.Arm64 ? null : ((Flags >> 1) & 3) switch
    {
        1 => 4,
        2 => 16,
        3 => 64,
        _ => null,
    };

    /// <summary>Reads the header if there is one.</summary>
    public static KernelImage? TryParse(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeaderSize || head[0] != 'M' || head[1] != 'Z')
            return null;
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(head[56..]);
        if (KnownBy(magic, head) is not { } known)
            return null;
        ulong u8 = BinaryPrimitives.ReadUInt64LittleEndian(head[8..]), u24 = BinaryPrimitives.ReadUInt64LittleEndian(head[24..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(head[ImageSizeOffset..]);
        return known switch
        {
            ImageArchitecture.Arm64 or ImageArchitecture.RiscV => new(known, u8, size, u24),
            ImageArchitecture.LoongArch => new(known, u24, size, 0),
        };
    }

    private static ImageArchitecture? KnownBy(uint magic, ReadOnlySpan<byte> head)
    {
        foreach (ImageArchitecture image in Enum.GetValues<ImageArchitecture>())
        {
            if (ArchitectureFacts.Of(Of(image)).ImageMagic == magic)
                return image;
        }
        return magic == LinuxPeMagic && IsLoongArch(head) ? ImageArchitecture.LoongArch : null;
    }

    private static KernelArchitecture Of(ImageArchitecture image) => image switch
    {
        ImageArchitecture.Arm64 => KernelArchitecture.Arm64,
        ImageArchitecture.RiscV => KernelArchitecture.RiscV64,
        ImageArchitecture.LoongArch => KernelArchitecture.LoongArch64,
    };

    /// <summary>Reads the header of a kernel that is to be signed or loaded.</summary>
    /// <exception cref="KexecSignException">KS1101 when there is none, KS1208 for a bzImage, KS1102, KS1103 and KS1106 when kexec could not
    /// load it.</exception>
    public static KernelImage Read(Layout file)
    {
        byte[] head = file.ReadBytes(0, Math.Min(file.Length, HeaderSize + 8));
        KernelImage image = TryParse(head) ?? throw NotAnImage(file, head);
        if (image.ImageSize == 0)
            throw FormatErrors.ImageSizeUnknown.With();
        if (image.ImageSize > uint.MaxValue)
            throw FormatErrors.ImageSizeTooLarge.With(image.ImageSize, uint.MaxValue);
        if (image.ImageSize < (ulong)file.Length)
            throw FormatErrors.ImageLargerThanMemory.With(file.Length, image.ImageSize);
        return image;
    }

    private static KexecSignException NotAnImage(Layout file, byte[] head) =>
        BzImage.TryParse(file.ReadBytes(0, Math.Min(file.Length, BzImage.HeaderEnd))) is { } bzImage
            ? FormatErrors.BzImageIsNoZboot.With(bzImage.Version >> 8, bzImage.Version & 0xFF)
            : FormatErrors.NotKernelImage.With(head.Length < HeaderSize ? "none" : Convert.ToHexString(head, 56, 4), "unknown");

    // x86 bzImages carry LINUX_PE_MAGIC too; only loongarch has its machine type in the PE header that 0x3c points to.
    private static bool IsLoongArch(ReadOnlySpan<byte> head) =>
        BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) != ZimgMagic
        && BinaryPrimitives.ReadUInt32LittleEndian(head[60..]) is var pe && pe + 6L <= head.Length
        && BinaryPrimitives.ReadUInt16LittleEndian(head[(int)(pe + 4)..]) is Pe.PeConstants.MachineLoongArch64;
}
