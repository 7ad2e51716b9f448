using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace KexecSign.Formats.Vocabulary;

/// <summary>An architecture whose kernels kexec loads; what is known of each stands in <see cref="ArchitectureFacts"/>.</summary>
public enum KernelArchitecture
{
    /// <summary>arm64: a raw <c>Image</c>, PE signature.</summary>
    Arm64,

    /// <summary>x86-64: a bzImage, PE signature.</summary>
    X64,

    /// <summary>riscv64: ELF, and since about 6.16 a raw <c>Image</c>; no signature check.</summary>
    RiscV64,

    /// <summary>loongarch64: a raw <c>Image</c> or ELF, since 6.18; no signature check.</summary>
    LoongArch64,

    /// <summary>s390x: anything; appended module signature.</summary>
    S390X,

    /// <summary>powerpc64: ELF; no signature check besides IMA.</summary>
    PowerPC64,
}

/// <summary>
/// An architecture and every name and number that a format or a machine has for it: the one table that headers, options, policies,
/// schemas, kits and stubs ask. What a kit needs to compile stands in StubTarget, what its kernels check in KernelRules.
/// </summary>
/// <param name="Architecture">Which.</param>
/// <param name="Word">Its name in options, policies and reports.</param>
/// <param name="PeMachine">Machine in PE headers; null where no EFI image is made for it.</param>
/// <param name="ElfMachine">e_machine in ELF headers (EM_AARCH64 and others).</param>
/// <param name="Triplet">What GNU's tools and Debian's library folders call it.</param>
/// <param name="Host">What .NET calls a machine of it.</param>
public sealed record ArchitectureFacts(
    KernelArchitecture Architecture, string Word, ushort? PeMachine, ushort ElfMachine, string Triplet, Architecture Host)
{
    /// <summary>u32 at 0x38 of its raw Image; null where a kernel is none, or has no magic of its own.</summary>
    public uint? ImageMagic { get; init; }

    /// <summary>Largest page that its kernels may have, in bytes.</summary>
    public required int LargestPage { get; init; }

    /// <summary>What file names of EFI stubs call it; null where there are none.</summary>
    public string? EfiName { get; init; }

    /// <summary>Whether its kernels are wrapped into zboot images.</summary>
    public bool HasZboot { get; init; }

    /// <summary>
    /// Code that returns 0x8000000000000003, EFI_UNSUPPORTED, for images that are loaded and not started; empty where none is made.
    /// </summary>
    public ImmutableArray<byte> ReturnUnsupported { get; init; } = [];

    /// <summary>All that there are.</summary>
    public static ImmutableArray<ArchitectureFacts> All { get; } =
    [
        new(KernelArchitecture.Arm64, "arm64", 0xAA64, 183, "aarch64-linux-gnu", System.Runtime.InteropServices.Architecture.Arm64)
        {
            ImageMagic = 0x644D5241, LargestPage = 65536, EfiName = "aa64", HasZboot = true,
            // mov x0, #3; movk x0, #0x8000, lsl #48; ret
            ReturnUnsupported = [0x60, 0x00, 0x80, 0xD2, 0x00, 0x00, 0xF0, 0xF2, 0xC0, 0x03, 0x5F, 0xD6],
        },
        new(KernelArchitecture.X64, "x86_64", 0x8664, 62, "x86_64-linux-gnu", System.Runtime.InteropServices.Architecture.X64)
        {
            LargestPage = 4096, EfiName = "x64",
            // mov rax, imm64; ret
            ReturnUnsupported = [0x48, 0xB8, 3, 0, 0, 0, 0, 0, 0, 0x80, 0xC3],
        },
        new(KernelArchitecture.RiscV64, "riscv64", 0x5064, 243, "riscv64-linux-gnu", System.Runtime.InteropServices.Architecture.RiscV64)
        {
            ImageMagic = 0x05435352, LargestPage = 4096, EfiName = "riscv64", HasZboot = true,
            // li a0, 1; slli a0, a0, 63; addi a0, a0, 3; ret
            ReturnUnsupported = [0x13, 0x05, 0x10, 0x00, 0x13, 0x15, 0xF5, 0x03, 0x13, 0x05, 0x35, 0x00, 0x67, 0x80, 0x00, 0x00],
        },
        // Its Image has LINUX_PE_MAGIC at 0x38, which bzImages have, too.
        new(KernelArchitecture.LoongArch64, "loongarch64", 0x6264, 258, "loongarch64-linux-gnu",
            System.Runtime.InteropServices.Architecture.LoongArch64)
        {
            LargestPage = 65536, EfiName = "loongarch64", HasZboot = true,
        },
        new(KernelArchitecture.S390X, "s390x", null, 22, "s390x-linux-gnu",
            System.Runtime.InteropServices.Architecture.S390x) { LargestPage = 4096 },
        new(KernelArchitecture.PowerPC64, "powerpc64", null, 21, "powerpc64le-linux-gnu",
            System.Runtime.InteropServices.Architecture.Ppc64le) { LargestPage = 65536 },
    ];

    /// <summary>The words of all.</summary>
    public static ImmutableArray<string> Words { get; } = [.. All.Select(facts => facts.Word)];

    /// <summary>The machine that this program runs on; null for one whose kernels are not known.</summary>
    public static ArchitectureFacts? Here => All.FirstOrDefault(facts => facts.Host == RuntimeInformation.ProcessArchitecture);

    /// <summary>Of an architecture.</summary>
    public static ArchitectureFacts Of(KernelArchitecture architecture) => All.First(facts => facts.Architecture == architecture);

    /// <summary>By its word; null when there is none.</summary>
    public static ArchitectureFacts? Named(string? word) => All.FirstOrDefault(facts => facts.Word == word);

    /// <summary>By the machine in a PE header; null for one whose kernels are not known.</summary>
    public static ArchitectureFacts? OfPe(ushort machine) => All.FirstOrDefault(facts => facts.PeMachine == machine);
}
