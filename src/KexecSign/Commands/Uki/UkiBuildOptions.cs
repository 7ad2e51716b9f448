using System.Collections.Immutable;
using KexecSign.Signing;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>Options of <c>uki build</c>.</summary>
public sealed record UkiBuildOptions
{
    /// <summary>The kernel.</summary>
    public string? Linux { get; init; }

    /// <summary>The stub; null for the one that systemd-boot-efi installs for the kernel's machine.</summary>
    public string? Stub { get; init; }

    /// <summary>What goes in beside the kernel.</summary>
    public UkiContents Contents { get; init; } = new();

    /// <summary>Name and title of the base as a profile; null for an image without profiles.</summary>
    public string? Profile { get; init; }

    /// <summary>Files with further profiles, made by <c>addon build --profile</c> or ukify.</summary>
    public ImmutableArray<string> JoinedProfiles { get; init; } = [];

    /// <summary>Key and certificate of the whole, and the PIN for all keys; unsigned when the key is null.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Key and certificate of the kernel inside; left as it is when the key is null.</summary>
    public SigningOptions Inner { get; init; } = new();

    /// <summary>Whether signatures that the kernel carries are dropped.</summary>
    public bool InnerReplace { get; init; }

    /// <summary>A kexec BPF parser for the kernel's own .bpf section.</summary>
    public string? InnerParser { get; init; }

    /// <summary>Signing of PCR 11 policies.</summary>
    public PcrSigningOptions Pcr { get; init; } = new();

    /// <summary>A uki.conf of ukify, whose settings count where nothing else is said; null for none.</summary>
    public string? UkiConf { get; init; }

    /// <summary>EFIArch= of it, which the kernel is held against.</summary>
    internal string? EfiArchitecture { get; init; }

    /// <summary>SignKernel= of it.</summary>
    internal bool SignKernel { get; init; }

    /// <summary>Where the image goes.</summary>
    public string? Output { get; init; }
}
