using System.Collections.Immutable;
using KexecSign.Simulation.Answers;

namespace KexecSign.Judging;

/// <summary>Options of <c>verify</c>.</summary>
public sealed record VerifyOptions
{
    /// <summary>The file to verify.</summary>
    public string File { get; init; } = "";

    /// <summary>Trusted certificates for a file with one kind of signature: they count for the roles of those who look at it.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary>What firmware allows: certificates, and one file of EFI_SIGNATURE_LISTs at most.</summary>
    public ImmutableArray<string> Db { get; init; } = [];

    /// <summary>Certificates of the kernel's keyrings, for kexec.</summary>
    public ImmutableArray<string> KexecCertificates { get; init; } = [];

    /// <summary>Certificates of the .ima keyring.</summary>
    public ImmutableArray<string> ImaCertificates { get; init; } = [];

    /// <summary>Whether only the arithmetic is asked for: that signatures hold, whoever made them.</summary>
    public bool NoTrust { get; init; }

    /// <summary>A detached PKCS#7 that is judged in the place of the image's own signatures; null for those.</summary>
    public string? Signature { get; init; }

    /// <summary>The consumers to verify as; empty for those that the file has something for.</summary>
    public ImmutableArray<Consumer> Consumers { get; init; } = [];

    /// <summary>Architecture of the kernel that is to load the file; null for the file's own.</summary>
    public string? Architecture { get; init; }

    /// <summary>Release of the kernel that is to load the file, for instance <c>7.3</c>; null for the file's own.</summary>
    public string? Kernel { get; init; }

    /// <summary>The firmware whose rules are judged by, <c>edk2-2026.08</c> for instance; null for the default.</summary>
    public string? Firmware { get; init; }

    /// <summary>
    /// Release by whose rules IMA judges where <see cref="Kernel"/> names none; null for the file's own. A build that signs for kernels of
    /// today signs old kernels, too.
    /// </summary>
    internal KernelRelease? ImaRelease { get; init; }

    /// <summary>Revocations, as EFI_SIGNATURE_LISTs.</summary>
    public string? Dbx { get; init; }

    /// <summary>Machine owner keys: trusted by shim, and by kernels that shim started.</summary>
    public ImmutableArray<string> OwnerCertificates { get; init; } = [];

    /// <summary>MokListX, as EFI_SIGNATURE_LISTs.</summary>
    public string? OwnerDbx { get; init; }

    /// <summary>SbatLevel: what shim demands of <c>.sbat</c>, as CSV.</summary>
    public string? SbatLevel { get; init; }

    /// <summary>Whether a signer's certificate that is out of date counts as a refusal.</summary>
    public bool ExpiredFails { get; init; }

    /// <summary>Timestamp authorities that are trusted where dates count.</summary>
    public ImmutableArray<string> TimestampAuthorities { get; init; } = [];

    /// <summary>A policy that the file must satisfy besides; null for none.</summary>
    public string? Policy { get; init; }

    /// <summary>Whether IMA is asked about the file as it will be once its sidecar is applied, as builds and releases mean it.</summary>
    public bool Applied { get; init; }

    /// <summary>Where a page about it goes; null for nowhere.</summary>
    public string? Html { get; init; }

    /// <summary>Where the same as Markdown goes; null for nowhere.</summary>
    public string? Markdown { get; init; }

    /// <summary>PKCS#11 modules that the policy may name.</summary>
    public ImmutableArray<string> AllowedModules { get; init; } = [];
}
