using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Kexec;

/// <summary>arch/x86/kernel/kexec-bzimage64.c.</summary>
internal static class X64Image
{
    private const int ProbeSize = 1024;
    private const int SectorSize = 512;

    /// <summary><c>bzImage64_probe()</c>.</summary>
    public static void Probe(Layout file)
    {
        byte[] header = KexecImage.ReadHeader(
            file, ProbeSize, "bzImage64_probe()", KernelErrno.ENOEXEC, "kexec-bzImage64: File is too short to be a bzImage");
        Require(header, 0x202, 4, value => value == 0x53726448, "Not a bzImage");
        Require(header, 0x1FE, 2, value => value == 0xAA55, "No x86 boot sector present");
        Require(header, 0x206, 2, value => value >= 0x020C, "Must be at least protocol version 2.12");
        Require(header, 0x211, 1, value => (value & 1) != 0, "zImage not a bzImage");
        Require(header, 0x236, 2, value => (value & 1) != 0, "Not a bzImage64. XLF_KERNEL_64 is not set.");
        Require(header, 0x236, 2, value => (value & 2) != 0, "XLF_CAN_BE_LOADED_ABOVE_4G is not set.");
    }

    /// <summary><c>bzImage64_load()</c> and the segment check behind it.</summary>
    public static void Load(Layout file, KernelPolicy policy)
    {
        byte[] header = file.ReadBytes(0, ProbeSize);
        int setupSectors = header[0x1F1] == 0 ? 4 : header[0x1F1];
        int setupSize = (setupSectors + 1) * SectorSize;
        if (file.Length < setupSize)
            throw new Refusal(KernelErrno.ENOEXEC, KexecRules.SetupCut, "kexec-bzImage64: bzImage truncated", setupSize, file.Length);
        uint initSize = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(0x260));
        KexecImage.RequireFits(file.Length - setupSize, initSize, "init_size", policy);
    }

    private static void Require(byte[] header, int offset, int size, Func<uint, bool> holds, string message)
    {
        uint value = size switch
        {
            1 => header[offset],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(offset)),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(offset)),
        };
        if (!holds(value))
            throw new Refusal(KernelErrno.ENOEXEC, KexecRules.NotABzImage, "kexec-bzImage64: " + message, message.TrimEnd('.'), value,
                offset);
    }
}
