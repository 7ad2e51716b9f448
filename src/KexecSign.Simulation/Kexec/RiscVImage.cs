using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Kexec;

/// <summary>arch/riscv/kernel/kexec_image.c of kernels newer than 6.12; it has no signature check.</summary>
internal static class RiscVImage
{
    private const int HeaderSize = 64;

    /// <summary>The second magic; the first, at 48, is deprecated.</summary>
    public static void Probe(Layout file)
    {
        byte[] header = KexecImage.ReadHeader(file, HeaderSize, "image_probe()", KernelErrno.EINVAL);
        if (!header.AsSpan(56, 4).SequenceEqual("RSC\x05"u8))
            throw new Refusal(KernelErrno.EINVAL, KexecRules.NotAnImage, "", "image_probe()", "52534305",
                Convert.ToHexStringLower(header.AsSpan(56, 4)));
    }

    /// <summary><c>image_load()</c> and the segment check behind it.</summary>
    public static void Load(Layout file, KernelPolicy policy)
    {
        ulong imageSize = BinaryPrimitives.ReadUInt64LittleEndian(file.ReadBytes(16, 8));
        if (imageSize == 0)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.ImageSizeZero, "", 16);
        KexecImage.RequireFits(file.Length, imageSize, "image_size", policy);
    }
}
