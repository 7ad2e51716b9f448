using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Batches;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Reports;
using KexecSign.Signing;

namespace KexecSign.Ima;

/// <summary>Options of <c>ima sign</c>.</summary>
public sealed record ImaSignOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

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

    /// <summary>2 or 3; null for 2, and for 3 with <see cref="Verity"/>.</summary>
    public int? Version { get; init; }

    /// <summary>Whether the fs-verity digest is signed instead of the content's hash.</summary>
    public bool Verity { get; init; }

    /// <summary>The portable EVM signature beside the IMA value.</summary>
    public EvmOptions Evm { get; init; } = new();

    /// <summary>Whether files are left alone whose signature holds by this key.</summary>
    public bool SkipSigned { get; init; }
}

/// <summary>An IMA signature that was made.</summary>
/// <param name="File">The file signed.</param>
/// <param name="Digest">What was signed: hash of its content or fs-verity digest, lower-case hex.</param>
/// <param name="Value">The security.ima value, lower-case hex; RPM's header has it in this form.</param>
/// <param name="KeyId">Key id as the kernel prints it.</param>
/// <param name="Sidecar">The sidecar written, if any.</param>
/// <param name="Xattr">The xattr set, if any.</param>
/// <param name="XattrProblem">Why the xattr could not be set, if so.</param>
public sealed record ImaSigned(string File, string Digest, string Value, string KeyId, string? Sidecar, string? Xattr, string? XattrProblem)
{
    /// <summary>Signed now, or skipped because a signature that was there holds.</summary>
    public FileStatus Status { get; init; } = FileStatus.Signed;

    /// <summary>The security.evm value, lower-case hex; null when none was asked for.</summary>
    public string? Evm { get; init; }

    /// <summary>The sidecar that holds it, if any.</summary>
    public string? EvmSidecar { get; init; }

    /// <summary>Hash of the content when something else was signed.</summary>
    [JsonIgnore]
    internal string? ContentDigest { get; init; }

    /// <summary>What the EVM value covers.</summary>
    [JsonIgnore]
    internal EvmMetadata? Covered { get; init; }
}

/// <summary>Result of <c>ima sign</c>.</summary>
/// <param name="DigestAlgorithm">Hash algorithm.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Signed">The signatures, in the order of selection.</param>
/// <param name="Tar">The archive written, if any.</param>
/// <param name="TarSha256">Its SHA-256.</param>
public sealed record ImaSignResult(
    string DigestAlgorithm, string Signer, ImmutableArray<ImaSigned> Signed, string? Tar, string? TarSha256) : OperationResult
{
    private const int MostRows = 30;

    /// <summary>The files that could not be signed.</summary>
    public ImmutableArray<FailedFile> Failed { get; init; } = [];

    /// <inheritdoc/>
    public override ExitCode Exit => Failed.IsEmpty ? ExitCode.Done : Signed.IsEmpty ? ExitCode.Failed : ExitCode.SomeFailed;

    /// <inheritdoc/>
    public override ReportView View()
    {
        int skipped = Signed.Count(s => s.Status == FileStatus.Skipped);
        return new(
            $"IMA: signed {Signed.Length - skipped} file(s) as {Signer}{(skipped > 0 ? $"; {skipped} signed already" : "")}{(Failed.IsEmpty ? "" : $"; {Failed.Length} failed")}",
            Signed.Length is 0 or > MostRows ? [] :
            [
                new("", ["file", DigestAlgorithm.ToLowerInvariant(), "key id", "sidecar", "xattr"],
                    [.. Signed.Select(s => ImmutableArray.Create(s.File, s.Digest, s.KeyId, s.Sidecar ?? "-", s.Xattr ?? s.XattrProblem ?? "-"))]),
            ],
            [
                .. Failed.Take(MostRows).Select(f => f.Message), .. Failed.Length > MostRows ? [$"{Failed.Length - MostRows} more failed; --json names each."] : (ReadOnlySpan<string>)[],
                .. Tar is null ? (ReadOnlySpan<string>)[] : [$"{Tar}: 'tar --xattrs --xattrs-include=security.ima -xf' as root restores the signatures."],
            ]);
    }
}
