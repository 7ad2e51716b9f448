using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Kexec;

/// <summary>arch/arm64/kernel/kexec_image.c.</summary>
internal static class Arm64Image
{
    private const int HeaderSize = 64;

    /// <summary><c>image_probe()</c>: the magic alone. A vmlinuz.efi has other bytes there, signed or not.</summary>
    public static void Probe(Layout file)
    {
        byte[] header = KexecImage.ReadHeader(file, HeaderSize, "image_probe()", KernelErrno.EINVAL);
        if (!header.AsSpan(56, 4).SequenceEqual("ARM\x64"u8))
            throw new Refusal(KernelErrno.EINVAL, KexecRules.NotAnImage, "", "image_probe()", "41524d64",
                Convert.ToHexStringLower(header.AsSpan(56, 4)));
    }

    /// <summary><c>image_load()</c> and the segment check behind it.</summary>
    public static void Load(Layout file, KernelPolicy policy)
    {
        byte[] header = file.ReadBytes(0, HeaderSize);
        ulong textOffset = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8));
        ulong imageSize = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(16));
        ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(24));
        if (imageSize == 0)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.ImageSizeZero, "", 16);
        if ((flags & 1) != 0 && !policy.MixedEndian)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.CpuFeature, "", flags, "big-endian data");
        int pageSize = (flags >> 1 & 3) switch { 1 => 4096, 2 => 16384, 3 => 65536, _ => 0 };
        if (pageSize != 0 && !policy.Granules.Contains(pageSize))
            throw new Refusal(KernelErrno.EINVAL, KexecRules.CpuFeature, "", flags, $"pages of {pageSize} bytes");

        // text_offset is added before the rounding to pages and taken off behind it.
        ulong rounded = RoundUp(unchecked(imageSize + textOffset), (ulong)policy.PageSize);
        ulong memory = unchecked(rounded - textOffset);
        if ((ulong)file.Length > memory)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.LongerThanMemory, "", file.Length, memory, "image_size", imageSize);
    }

    private static ulong RoundUp(ulong value, ulong page) => unchecked((value + page - 1) / page * page);
}
