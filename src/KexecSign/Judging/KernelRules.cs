using KexecSign.Formats.Vocabulary;

namespace KexecSign.Judging;

/// <summary>The signature that the kernels of an architecture look at when kexec loads a file.</summary>
internal enum KexecSignature
{
    /// <summary>That of the PE image; the model of the kernel judges it.</summary>
    OfImage,

    /// <summary>None: they load a file without looking.</summary>
    None,

    /// <summary>One that is appended as to a module.</summary>
    Appended,

    /// <summary>IMA's, by xattr or appended.</summary>
    OfIma,
}

/// <summary>What the kernels of an architecture check of a file that kexec loads.</summary>
/// <param name="Looks">At which signature.</param>
/// <param name="Note">What is said besides; of those that do not look, why.</param>
internal sealed record KernelRules(KexecSignature Looks, string Note = "")
{
    /// <summary>Whether they read a PE image at all.</summary>
    public bool ReadPe => Looks switch
    {
        KexecSignature.OfImage or KexecSignature.None => true,
        KexecSignature.Appended or KexecSignature.OfIma => false,
    };

    /// <summary>Of an architecture.</summary>
    public static KernelRules Of(KernelArchitecture architecture) => architecture switch
    {
        KernelArchitecture.Arm64 or KernelArchitecture.X64 => new(KexecSignature.OfImage),
        // arch/riscv/kernel/kexec_image.c came with 6.16; no loader of riscv has a verify_sig. What it makes of a file, the model tells.
        KernelArchitecture.RiscV64 => new(
            KexecSignature.OfImage,
            " Linux 6.12 loads ELF kernels only; since 6.16 an Image is loaded, too, and no signature of either is checked: only IMA "
                + "can, see --for ima."),
        // Neither kexec_efi_ops nor kexec_elf_ops of arch/loongarch has a verify_sig; before them there was no kexec_file_load.
        KernelArchitecture.LoongArch64 => new(
            KexecSignature.None,
            "loongarch has kexec_file_load since 6.18, without a check of signatures, and none before; only IMA can check: see --for ima"),
        // arch/s390/kernel/machine_kexec_file.c, s390_verify_sig().
        KernelArchitecture.S390X => new(KexecSignature.Appended),
        // arch/powerpc/kernel/ima_arch.c.
        KernelArchitecture.PowerPC64 => new(KexecSignature.OfIma),
    };
}
