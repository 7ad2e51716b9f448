using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Pe;
using KexecSign.Programs;

namespace KexecSign.Zboot;

/// <summary>Who links.</summary>
public enum LinkerFamily
{
    /// <summary>GNU ld and objcopy, those of the architecture.</summary>
    Bfd,

    /// <summary>LLVM's ld.lld and llvm-objcopy, which serve every architecture.</summary>
    Lld,
}

/// <summary>What differs from architecture to architecture when a stub is compiled and linked.</summary>
/// <param name="Architecture">Name as the kernel's <c>ARCH=</c> takes it.</param>
/// <param name="SourceFolder">Folder below <c>arch/</c>.</param>
/// <param name="ConfigSymbol">The option that a configuration for it has on.</param>
/// <param name="Machine">PE machine type.</param>
/// <param name="Image">The kind of Image that goes inside.</param>
/// <param name="ToolPrefix">Prefix of compiler and binutils, as Debian names them.</param>
/// <param name="DebianArchitecture">Part of Debian's package names of these tools.</param>
/// <param name="ObjectFormat">BFD name of an object file (<c>EFI_ZBOOT_BFD_TARGET</c>).</param>
/// <param name="LinkerFlags">What the kernel's build gives to ld for this architecture (<c>KBUILD_LDFLAGS</c>).</param>
/// <param name="HasCodeSize">Whether its Makefile passes <c>zboot_code_size</c> to stubs that know the symbol.</param>
internal sealed record StubTarget(
    string Architecture, string SourceFolder, string ConfigSymbol, ushort Machine, ImageArchitecture Image, string ToolPrefix,
    string DebianArchitecture, string ObjectFormat, ImmutableArray<string> LinkerFlags, bool HasCodeSize)
{
    /// <summary>arm64 (arch/arm64/Makefile, arch/arm64/boot/Makefile).</summary>
    public static StubTarget Arm64 { get; } = new(
        "arm64", "arm64", "ARM64", PeConstants.MachineArm64, ImageArchitecture.Arm64, "aarch64-linux-gnu-", "aarch64-linux-gnu",
        "elf64-littleaarch64", ["-EL", "-maarch64elf", "-z", "noexecstack", "--no-warn-rwx-segments"], HasCodeSize: true);

    /// <summary>64-bit riscv (arch/riscv/Makefile, arch/riscv/boot/Makefile).</summary>
    public static StubTarget RiscV { get; } = new(
        "riscv", "riscv", "RISCV", PeConstants.MachineRiscV64, ImageArchitecture.RiscV, "riscv64-linux-gnu-", "riscv64-linux-gnu",
        "elf64-littleriscv", ["-melf64lriscv", "-z", "noexecstack", "--no-warn-rwx-segments"], HasCodeSize: false);

    /// <summary>All that there is a recipe for.</summary>
    public static ImmutableArray<StubTarget> All { get; } = [Arm64, RiscV];

    /// <summary>The target of that name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3112.</exception>
    public static StubTarget Named(string architecture) =>
        All.FirstOrDefault(t => t.Architecture == architecture) ?? throw Unknown(architecture);

    /// <summary>The target that a configuration is for.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3112.</exception>
    public static StubTarget Of(KernelConfig config) =>
        All.FirstOrDefault(t => config.IsOn(t.ConfigSymbol)) ?? throw Unknown("this configuration's architecture");

    /// <summary>e_machine of its objects: EM_AARCH64, EM_RISCV.</summary>
    public ushort ElfMachine => Machine switch
    {
        PeConstants.MachineArm64 => 183,
        PeConstants.MachineRiscV64 => 243,
        _ => throw Unknown(Architecture),
    };

    /// <summary>A program of the cross binutils.</summary>
    public SystemProgram Binutils(string name) => new(ToolPrefix + name, "link the zboot image", "binutils-" + DebianArchitecture);

    /// <summary>A program that links, or prepares for that, of a family.</summary>
    public SystemProgram Link(string name, LinkerFamily family) => family == LinkerFamily.Bfd
        ? Binutils(name)
        : name == "ld" ? new("ld.lld", "link the zboot image", "lld") : new("llvm-" + name, "link the zboot image", "llvm");

    /// <summary>What a family's linker is given; a warning that GNU ld has and LLVM's has not need not be switched off there.</summary>
    public IEnumerable<string> FlagsFor(LinkerFamily family) =>
        family == LinkerFamily.Bfd ? LinkerFlags : LinkerFlags.Where(flag => flag != "--no-warn-rwx-segments");

    /// <summary>The cross compiler.</summary>
    public SystemProgram Compiler => new(ToolPrefix + "gcc", "compile the stub", "gcc-" + DebianArchitecture);

    private static Formats.Errors.KexecSignException Unknown(string architecture) =>
        OperationErrors.ArchitectureUnknown.With(architecture, string.Join(", ", All.Select(t => t.Architecture)));
}
