using System.Collections.Immutable;
using KexecSign.Ima;
using KexecSign.Signing;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>ima sign</c>.</summary>
public sealed record ImaSignOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>
    /// Key id in hex that the value names; null for that of the certificate, or of the key where no certificate is given.
    /// </summary>
    public string? KeyId { get; init; }

    /// <summary>Whether to write FILE.sig.</summary>
    public bool Sidecar { get; init; }

    /// <summary>The tar to write, with the signatures in it; null for none.</summary>
    public string? Tar { get; init; }

    /// <summary>The manifest to write; null for none.</summary>
    public string? Manifest { get; init; }

    /// <summary>The snippet to write that applies a manifest in a Debian package's postinst; null for none.</summary>
    public string? Postinst { get; init; }

    /// <summary>The xattr to set: <c>security</c> (needs privilege) or <c>user</c>; null for none.</summary>
    public string? Xattr { get; init; }

    /// <summary>Whether nothing is written where nothing else is asked for: the values stand in the result.</summary>
    public bool ValuesOnly { get; init; }

    /// <summary>2 or 3; null for 2, and for 3 with <see cref="Verity"/> or an ML-DSA key.</summary>
    public int? Version { get; init; }

    /// <summary>Whether the fs-verity digest is signed instead of the content's hash.</summary>
    public bool Verity { get; init; }

    /// <summary>The portable EVM signature beside the IMA value.</summary>
    public EvmOptions Evm { get; init; } = new();

    /// <summary>Whether files are left alone whose signature holds by this key.</summary>
    public bool SkipSigned { get; init; }
}
