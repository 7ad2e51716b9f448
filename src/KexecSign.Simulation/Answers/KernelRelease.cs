namespace KexecSign.Simulation.Answers;

/// <summary>Release whose rules apply; they differ in the algorithms known and in the riscv loader.</summary>
public enum KernelRelease
{
    /// <summary>Linux 6.1: no SHA-3 signatures, no P-521.</summary>
    Linux61,

    /// <summary>Linux 6.12.</summary>
    Linux612,

    /// <summary>Later than 6.12: riscv loads a raw Image too.</summary>
    Newer,
}
