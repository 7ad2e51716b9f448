using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Batches;
using KexecSign.Formats.Ima;

namespace KexecSign.Ima;

/// <summary>An IMA signature that was made.</summary>
/// <param name="File">The file signed.</param>
/// <param name="Digest">What was signed: hash of its content or fs-verity digest, lower-case hex.</param>
/// <param name="Value">The security.ima value, lower-case hex; RPM's header has it in this form.</param>
/// <param name="KeyId">Key id as the kernel prints it.</param>
/// <param name="Sidecar">The sidecar written, if any.</param>
/// <param name="Xattr">The xattr set, if any.</param>
public sealed record ImaSigned(string File, string Digest, string Value, string KeyId, string? Sidecar, string? Xattr)
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
