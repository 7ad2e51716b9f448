using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Formats.Vocabulary;
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
/// <param name="Facts">The architecture.</param>
/// <param name="Architecture">Name as the kernel's <c>ARCH=</c> takes it, and of its folder below <c>arch/</c>.</param>
/// <param name="ConfigSymbol">The option that a configuration for it has on.</param>
/// <param name="ObjectFormat">BFD name of an object file (<c>EFI_ZBOOT_BFD_TARGET</c>).</param>
/// <param name="LinkerFlags">What the kernel's build gives to ld for this architecture (<c>KBUILD_LDFLAGS</c>).</param>
/// <param name="HasCodeSize">Whether its Makefile passes <c>zboot_code_size</c> to stubs that know the symbol.</param>
internal sealed record StubTarget(
    ArchitectureFacts Facts, string Architecture, string ConfigSymbol, string ObjectFormat, ImmutableArray<string> LinkerFlags,
        bool HasCodeSize)
{
    /// <summary>arm64 (arch/arm64/Makefile, arch/arm64/boot/Makefile).</summary>
    public static StubTarget Arm64 { get; } = new(
        ArchitectureFacts.Of(KernelArchitecture.Arm64), "arm64", "ARM64", "elf64-littleaarch64",
        ["-EL", "-maarch64elf", "-z", "noexecstack", "--no-warn-rwx-segments"], HasCodeSize: true);

    /// <summary>64-bit riscv (arch/riscv/Makefile, arch/riscv/boot/Makefile).</summary>
    public static StubTarget RiscV { get; } = new(
        ArchitectureFacts.Of(KernelArchitecture.RiscV64), "riscv", "RISCV", "elf64-littleriscv",
        ["-melf64lriscv", "-z", "noexecstack", "--no-warn-rwx-segments"], HasCodeSize: false);

    /// <summary>All that there is a recipe for.</summary>
    public static ImmutableArray<StubTarget> All { get; } =
        [.. ArchitectureFacts.All.Select(facts => For(facts.Architecture)).OfType<StubTarget>()];

    /// <summary>PE machine type.</summary>
    public ushort Machine => Facts.PeMachine!.Value;

    /// <summary>Folder below <c>arch/</c>.</summary>
    public string SourceFolder => Architecture;

    /// <summary>Prefix of compiler and binutils, as Debian names them.</summary>
    public string ToolPrefix => Facts.Triplet + "-";

    /// <summary>The target of that name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3112.</exception>
    public static StubTarget Named(string architecture) =>
        All.FirstOrDefault(t => t.Architecture == architecture) ?? throw Unknown(architecture);

    /// <summary>The target that a configuration is for.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3112.</exception>
    public static StubTarget Of(KernelConfig config) =>
        All.FirstOrDefault(t => config.IsOn(t.ConfigSymbol)) ?? throw Unknown("this configuration's architecture");

    /// <summary>e_machine of its objects.</summary>
    public ushort ElfMachine => Facts.ElfMachine;

    /// <summary>A program of the cross binutils.</summary>
    public SystemProgram Binutils(string name) => new(ToolPrefix + name, "link the zboot image", "binutils-" + Package);

    /// <summary>A program that links, or prepares for that, of a family.</summary>
    public SystemProgram Link(string name, LinkerFamily family) => family == LinkerFamily.Bfd
        ? Binutils(name)
        : name == "ld" ? new("ld.lld", "link the zboot image", "lld") : new("llvm-" + name, "link the zboot image", "llvm");

    /// <summary>What a family's linker is given; a warning that GNU ld has and LLVM's has not need not be switched off there.</summary>
    public IEnumerable<string> FlagsFor(LinkerFamily family) =>
        family == LinkerFamily.Bfd ? LinkerFlags : LinkerFlags.Where(flag => flag != "--no-warn-rwx-segments");

    /// <summary>The cross compiler.</summary>
    public SystemProgram Compiler => new(ToolPrefix + "gcc", "compile the stub", "gcc-" + Package);

    // Debian's package names have no underscore.
    private string Package => Facts.Triplet.Replace('_', '-');

    private static StubTarget? For(KernelArchitecture architecture) => architecture switch
    {
        KernelArchitecture.Arm64 => Arm64,
        KernelArchitecture.RiscV64 => RiscV,
        // There are zboot images of it, but no recipe yet.
        KernelArchitecture.LoongArch64 => null,
        // Their kernels are no zboot images.
        KernelArchitecture.X64 or KernelArchitecture.S390X or KernelArchitecture.PowerPC64 => null,
    };

    private static Formats.Errors.KexecSignException Unknown(string architecture) =>
        OperationErrors.ArchitectureUnknown.With(architecture, string.Join(", ", All.Select(t => t.Architecture)));
}
