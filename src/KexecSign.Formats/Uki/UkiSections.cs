using System.Collections.Immutable;

namespace KexecSign.Formats.Uki;

/// <summary>A section that consumers of unified kernel images know.</summary>
/// <param name="Name">Section name.</param>
/// <param name="What">What it holds, and who reads it.</param>
/// <param name="Since">First systemd-stub version that reads it; 0 for one that the stub does not read itself.</param>
/// <param name="MeasuredSince">First systemd-stub version that measures it into PCR 11; null for never.</param>
/// <param name="Repeats">Whether there may be several.</param>
public sealed record UkiSectionKind(string Name, string What, int Since, int? MeasuredSince, bool Repeats = false);

/// <summary>
/// The sections of the UAPI specification (unified_kernel_image.md, 2025-11) and those that the kernel adds. What each systemd
/// version reads and measures is from its src/fundamental/uki.h, stub.c and the thread of systemd issue 27990.
/// </summary>
public static class UkiSections
{
    /// <summary>The kernel.</summary>
    public const string Linux = ".linux";

    /// <summary>Begins a profile.</summary>
    public const string Profile = ".profile";

    /// <summary>Signatures of PCR policies.</summary>
    public const string PcrSignatures = ".pcrsig";

    /// <summary>The public key of those.</summary>
    public const string PcrKey = ".pcrpkey";

    /// <summary>Revocation by component.</summary>
    public const string Sbat = ".sbat";

    /// <summary>How systemd's programs name themselves.</summary>
    public const string Magic = ".sdmagic";

    /// <summary>How the name of an addon's file ends: systemd-stub looks at no other (src/boot/stub.c, load_addons()).</summary>
    public const string AddonEnding = ".addon.efi";

    /// <summary>All, in the order of the specification.</summary>
    public static ImmutableArray<UkiSectionKind> All { get; } =
    [
        new(Linux, "the kernel: an EFI image that the stub starts", 0, 252),
        new(".osrel", "os-release of the system, for boot menus", 252, 252),
        new(".cmdline", "the kernel's command line", 252, 252),
        new(".initrd", "initrds, one behind the other", 252, 252),
        new(".ucode", "microcode, a cpio archive that goes before all initrds", 256, 256),
        new(".splash", "a bitmap that is shown while booting", 252, 252),
        new(".dtb", "the device tree", 252, 252),
        new(".dtbauto", "a device tree for the machines that it names as compatible, or .hwids does", 257, 257, Repeats: true),
        new(".efifw", "firmware for the machines that .hwids names", 258, 258, Repeats: true),
        new(".hwids", "which machine takes which device tree or firmware", 257, 257),
        new(".uname", "the kernel's version (uname -r), which addons are held against", 0, 254),
        new(Sbat, "components and generations, by which shim revokes", 0, 254),
        new(PcrSignatures, "signatures of PCR 11 policies, for unlocking disks", 252, null),
        new(PcrKey, "the public key of those signatures", 252, 252),
        new(Profile, "begins a profile, whose sections stand in for those of the base", 257, 257, Repeats: true),
        new(".bpf", "a kexec parser, for kernels of the kexec BPF series", 0, null),
        new(".sbom", "a bill of materials", 0, null),
        new(Magic, "how the stub names itself", 0, null),
    ];

    /// <summary>The order in which the stub measures, which grew at its end (uki.h).</summary>
    public static ImmutableArray<string> MeasurementOrder { get; } =
        [Linux, ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", Sbat, PcrKey, Profile, ".dtbauto", ".hwids",
            ".efifw"];

    /// <summary>What an addon may bring; without any of these it is none (UAPI specification, "PE Addons").</summary>
    public static ImmutableArray<string> AddonPayloads { get; } = [".cmdline", ".dtb", ".dtbauto", ".ucode", ".initrd"];

    /// <summary>The kind of a name, or null.</summary>
    public static UkiSectionKind? Find(string name) => All.FirstOrDefault(kind => kind.Name == name);

    /// <summary>Position in the specification; unknown sections come last.</summary>
    public static int Position(string name)
    {
        for (int i = 0; i < All.Length; i++)
        {
            if (All[i].Name == name)
                return i;
        }
        return All.Length;
    }

    /// <summary>Whether the stub is told something by it; .sbat, .sdmagic and the like may be the stub's own.</summary>
    public static bool IsPayload(string name) => Find(name) is not null && name is not (Sbat or Magic);
}
