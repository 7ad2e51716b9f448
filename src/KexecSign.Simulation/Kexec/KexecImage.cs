using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Kexec;

/// <summary>The loaders of <c>kexec_file_loaders[]</c>: what each architecture probes for, and when its load is impossible.</summary>
internal static class KexecImage
{
    private const uint ElfMagic = 0x464C457F;
    private const int ElfHeaderSize = 64;

    /// <summary><c>kexec_image_probe_default()</c>.</summary>
    /// <exception cref="Refusal">EINVAL or ENOEXEC.</exception>
    /// <exception cref="Formats.Errors.KexecSignException">KS4002 when the file is taken but its signature is no PE signature.</exception>
    public static void Probe(Layout file, KernelArchitecture architecture, KernelPolicy policy)
    {
        switch (architecture)
        {
            case KernelArchitecture.Arm64:
                Arm64Image.Probe(file);
                break;
            case KernelArchitecture.X64:
                X64Image.Probe(file);
                break;
            case KernelArchitecture.RiscV64 when policy.Release.Has(KernelRule.RiscVImage) && !IsElf(file):
                RiscVImage.Probe(file);
                break;
            case KernelArchitecture.RiscV64:
                ProbeElf(file, "riscv", machine: 243);
                throw KexecRules.NotModelled.With("riscv", "ELF kernels are loaded without any signature check");
            case KernelArchitecture.PowerPC64:
                ProbeElf(file, "powerpc", machine: 21);
                throw KexecRules.NotModelled.With("powerpc", "IMA alone judges ELF kernels, by xattr or appended module signature");
            case KernelArchitecture.S390X:
                throw KexecRules.NotModelled.With("s390",
                    "the probe takes any file, and an appended module signature is checked when the machine booted securely");
            case KernelArchitecture.LoongArch64:
                throw KexecRules.NotModelled.With("loongarch", "an Image or ELF kernel is loaded without any signature check");
            default:
                throw new ArgumentOutOfRangeException(nameof(architecture), architecture, null);
        }
    }

    /// <summary>Whether the loader has a <c>verify_sig</c> and the kernel can be built with KEXEC_SIG.</summary>
    public static bool ChecksSignature(KernelArchitecture architecture) => architecture switch
    {
        KernelArchitecture.Arm64 or KernelArchitecture.X64 => true,
        KernelArchitecture.RiscV64 or KernelArchitecture.LoongArch64 or KernelArchitecture.PowerPC64 or KernelArchitecture.S390X => false,
    };

    /// <summary>The loader's <c>load()</c> and then <c>sanity_check_segment_list()</c>.</summary>
    /// <exception cref="Refusal">EINVAL or ENOEXEC.</exception>
    public static void Load(Layout file, KernelArchitecture architecture, KernelPolicy policy)
    {
        switch (architecture)
        {
            case KernelArchitecture.Arm64:
                Arm64Image.Load(file, policy);
                break;
            case KernelArchitecture.X64:
                X64Image.Load(file, policy);
                break;
            case KernelArchitecture.RiscV64:
                RiscVImage.Load(file, policy);
                break;
            default:
                throw new InvalidOperationException($"{architecture} is not probed for");
        }
    }

    /// <summary>The header that a probe reads.</summary>
    /// <exception cref="Refusal">When the file is shorter.</exception>
    internal static byte[] ReadHeader(Layout file, int size, string probe, KernelErrno errno, string message = "") =>
        file.Length >= size
            ? file.ReadBytes(0, size)
            : throw new Refusal(errno, KexecRules.TooShort, message, probe, size, file.Length);

    /// <summary>Refuses a segment whose bytes do not fit its memory; the memory was rounded up by <c>kexec_add_buffer()</c>.</summary>
    internal static void RequireFits(long copied, ulong memory, string field, KernelPolicy policy)
    {
        ulong page = (ulong)policy.PageSize;
        ulong rounded = unchecked((memory + page - 1) / page * page);
        if ((ulong)copied > rounded)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.LongerThanMemory, "", copied, rounded, field, memory);
    }

    private static bool IsElf(Layout file) =>
        file.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(file.ReadBytes(0, 4)) == ElfMagic;

    private static void ProbeElf(Layout file, string name, ushort machine)
    {
        byte[] header = ReadHeader(file, ElfHeaderSize, "kexec_elf_probe()", KernelErrno.ENOEXEC);
        // e_ident[EI_DATA] 2 is big-endian, as on old powerpc.
        ushort found = header[5] == 2
            ? BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(18))
            : BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(18));
        if (!IsElf(file) || header[4] != 2 || found != machine)
            throw new Refusal(KernelErrno.ENOEXEC, KexecRules.NotAnElf, "", name, machine, Convert.ToHexStringLower(header.AsSpan(0, 4)),
                found);
    }
}
