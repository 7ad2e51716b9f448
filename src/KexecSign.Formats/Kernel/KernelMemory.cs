using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Kernel;

/// <summary>The memory that a kernel Image asks for: image_size, which PE readers know as SizeOfImage.</summary>
public static class KernelMemory
{
    // EFI_KIMG_ALIGN of arm64 (arch/arm64/include/asm/efi.h); kernels are linked to end there.
    private const int Granule = 0x10000;

    /// <summary>
    /// Makes a kernel ask for more memory, so that its file may be longer by a certificate table. All that changes is bss, which
    /// grows at its end by bytes that the kernel does not know of: image_size, SizeOfImage and the last section's VirtualSize go up
    /// together.
    /// </summary>
    /// <param name="kernel">The Image; signatures that it carries no longer hold afterwards.</param>
    /// <param name="needed">Least image_size, in bytes.</param>
    /// <returns>The Image that asks for it, as long as it was.</returns>
    /// <exception cref="Errors.KexecSignException">KS10xx, KS11xx for what is no kernel Image.</exception>
    public static Layout Raise(Layout kernel, long needed)
    {
        PeImage image = PeReader.Read(kernel);
        uint before = checked((uint)KernelImage.Read(kernel).ImageSize);
        uint after = checked((uint)Alignment.Up(needed, Math.Max(Granule, image.SectionAlignment)));
        if (after <= before)
            return kernel;
        uint more = after - before;
        PeSection last = image.Sections[^1];
        return kernel
            .OverwriteUInt32(KernelImage.ImageSizeOffset, after)
            .OverwriteUInt32(image.SizeOfImageOffset, checked(image.SizeOfImage + more))
            .OverwriteUInt32(image.SectionTableOffset + ((image.Sections.Length - 1) * PeConstants.SectionHeaderSize)
                + PeConstants.VirtualSizeInSectionHeader, checked(last.VirtualSize + more));
    }
}
