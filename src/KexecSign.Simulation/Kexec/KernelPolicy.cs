using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Simulation.Answers;

namespace KexecSign.Simulation.Kexec;

/// <summary>State of the running kernel that decides together with the file.</summary>
public sealed record KernelPolicy
{
    /// <summary>
    /// Whether a failed signature check stops the load: KEXEC_SIG_FORCE (x86), or <c>set_kexec_sig_enforced()</c> by
    /// the IMA arch policy under Secure Boot.
    /// </summary>
    public bool Enforced { get; init; } = true;

    /// <summary>Whether lockdown is at least <c>integrity</c>.</summary>
    public bool LockedDown { get; init; }

    /// <summary>
    /// Whether IMA is sure to appraise a signature of the kexec image, which stands in for the PE signature under lockdown.
    /// </summary>
    public bool ImaAppraises { get; init; }

    /// <summary>Certificates of <c>.builtin_trusted_keys</c>, <c>.secondary_trusted_keys</c> and <c>.machine</c>.</summary>
    public ImmutableArray<X509Certificate2> BuiltinAndSecondary { get; init; } = [];

    /// <summary>Certificates of <c>.platform</c> (UEFI db, MokListRT); asked only when the first keyring answers ENOKEY.</summary>
    public ImmutableArray<X509Certificate2> Platform { get; init; } = [];

    /// <summary>Certificates of <c>.blacklist</c> (dbx, MokListXRT).</summary>
    public ImmutableArray<X509Certificate2> Revoked { get; init; } = [];

    /// <summary>Release of the running kernel.</summary>
    public KernelRelease Release { get; init; } = KernelRelease.Linux612;

    /// <summary>Page size of the running kernel in bytes; segments are rounded up to it.</summary>
    public int PageSize { get; init; } = 4096;

    /// <summary>Page sizes in bytes that the processor can use, for the arm64 flags.</summary>
    public ImmutableArray<int> Granules { get; init; } = [4096, 16384, 65536];

    /// <summary>Whether a little-endian arm64 kernel may start a big-endian one.</summary>
    public bool MixedEndian { get; init; } = true;
}
