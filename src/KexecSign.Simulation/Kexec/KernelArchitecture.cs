namespace KexecSign.Simulation.Kexec;

/// <summary>Architecture of the running kernel that is asked to load the file.</summary>
public enum KernelArchitecture
{
    /// <summary>arm64: a raw <c>Image</c>, PE signature.</summary>
    Arm64,

    /// <summary>x86-64: a bzImage, PE signature.</summary>
    X64,

    /// <summary>riscv64: ELF, and since about 6.16 a raw <c>Image</c>; no signature check.</summary>
    RiscV64,

    /// <summary>s390x: anything; appended module signature.</summary>
    S390X,

    /// <summary>powerpc64: ELF; no signature check besides IMA.</summary>
    PowerPC64,
}
