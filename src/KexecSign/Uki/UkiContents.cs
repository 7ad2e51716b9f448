using System.Collections.Immutable;

namespace KexecSign.Uki;

/// <summary>What goes into an image beside the kernel. Texts are given as they are, or as <c>@FILE</c>.</summary>
public sealed record UkiContents
{
    /// <summary>Initrds, joined in this order.</summary>
    public ImmutableArray<string> Initrds { get; init; } = [];

    /// <summary>Microcode archives, joined in this order; the stub puts them before all initrds.</summary>
    public ImmutableArray<string> Microcode { get; init; } = [];

    /// <summary>Kernel command line.</summary>
    public string? CommandLine { get; init; }

    /// <summary>os-release.</summary>
    public string? OsRelease { get; init; }

    /// <summary>Version of the kernel (uname -r); null to ask the kernel.</summary>
    public string? Uname { get; init; }

    /// <summary>A Windows bitmap.</summary>
    public string? Splash { get; init; }

    /// <summary>The device tree.</summary>
    public string? DeviceTree { get; init; }

    /// <summary>Device trees of which the stub takes the one that fits the machine.</summary>
    public ImmutableArray<string> AutomaticDeviceTrees { get; init; } = [];

    /// <summary>Firmware of which the stub takes the one that fits the machine.</summary>
    public ImmutableArray<string> Firmware { get; init; } = [];

    /// <summary>Which machine takes which: JSON files, folders of them, or a finished table.</summary>
    public ImmutableArray<string> HardwareIds { get; init; } = [];

    /// <summary>Rows for .sbat beside those of stub and kernel.</summary>
    public ImmutableArray<string> Sbat { get; init; } = [];

    /// <summary>The public key of the PCR signatures, PEM; null for that of the PCR key.</summary>
    public string? PcrPublicKey { get; init; }

    /// <summary>A kexec BPF parser for the image's own .bpf section.</summary>
    public string? Parser { get; init; }

    /// <summary>Further sections, each <c>NAME:FILE</c>.</summary>
    public ImmutableArray<string> Sections { get; init; } = [];

    /// <summary>All files that are named here.</summary>
    internal IEnumerable<string> Files =>
    [
        .. Initrds, .. Microcode, .. AutomaticDeviceTrees, .. Firmware, .. HardwareIds.Where(path => !Directory.Exists(path)),
        .. new[] { Splash, DeviceTree, PcrPublicKey, Parser }.OfType<string>(),
        .. new[] { CommandLine, OsRelease, Uname }.Concat(Sbat).OfType<string>().Where(text => text.StartsWith('@'))
            .Select(text => text[1..]),
        .. Sections.Where(section => section.Contains(':')).Select(section => section[(section.IndexOf(':') + 1)..]),
    ];
}
