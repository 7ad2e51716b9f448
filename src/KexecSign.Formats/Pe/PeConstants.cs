using KexecSign.Formats.Vocabulary;

namespace KexecSign.Formats.Pe;

/// <summary>Offsets and values of the PE format (Microsoft PE/COFF specification; kernel include/linux/pe.h).</summary>
public static class PeConstants
{
    /// <summary>Offset of the u32 e_lfanew in the DOS header.</summary>
    public const int PeOffsetField = 0x3C;

    /// <summary>Size of a section header.</summary>
    public const int SectionHeaderSize = 40;

    /// <summary>Offset of the u32 VirtualSize in a section header.</summary>
    public const int VirtualSizeInSectionHeader = 8;

    /// <summary>Index of the certificate table among the data directories.</summary>
    public const int CertificateDirectoryIndex = 4;

    /// <summary>Index of the debug directory among the data directories.</summary>
    public const int DebugDirectoryIndex = 6;

    /// <summary>Subsystem of an EFI application.</summary>
    public const ushort EfiApplication = 10;

    /// <summary>arm64.</summary>
    public const ushort MachineArm64 = 0xAA64;

    /// <summary>x86-64.</summary>
    public const ushort MachineAmd64 = 0x8664;

    /// <summary>64-bit RISC-V.</summary>
    public const ushort MachineRiscV64 = 0x5064;

    /// <summary>64-bit LoongArch.</summary>
    public const ushort MachineLoongArch64 = 0x6264;

    /// <summary>Initialised data, readable, may be discarded after loading: what <c>.sbat</c> and <c>.bpf</c> carry.</summary>
    public const uint DiscardableData = 0x42000040;

    /// <summary>The machine's name as users know it, or its number in hex.</summary>
    public static string MachineName(ushort machine) => ArchitectureFacts.OfPe(machine)?.Word ?? machine switch
    {
        0x014C => "i386",
        0x01C2 or 0x01C4 or 0x01C0 => "arm",
        0x5032 => "riscv32",
        0x6232 => "loongarch32",
        _ => $"machine 0x{machine:x}",
    };
}
