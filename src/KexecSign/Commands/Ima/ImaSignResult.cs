using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Batches;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Ima;

namespace KexecSign.Commands.Ima;

/// <summary>A file that was to be signed for IMA; values in lower-case hex. What is not known of it, because it failed, is null.</summary>
/// <param name="File">The file as it was found.</param>
/// <param name="Status">What became of it.</param>
public sealed record ImaSignedFile(string File, FileStatus Status) : FileOutcome(File, Status)
{
    /// <summary>Its signature: made now, or one that was there and holds.</summary>
    [JsonIgnore]
    public ImaSigned? Signature { get; init; }

    /// <summary>The security.ima value; RPM's header has it in this form.</summary>
    public string? Value => Signature?.Value;

    /// <summary>Key id as the kernel prints it.</summary>
    public string? KeyId => Signature?.KeyId;

    /// <summary>The sidecar with the value, if any.</summary>
    public string? Sidecar => Signature?.Sidecar;

    /// <summary>The attribute that was set, if any.</summary>
    public string? Xattr => Signature?.Xattr;

    /// <summary>The security.evm value; null when none was asked for.</summary>
    public string? Evm => Signature?.Evm;

    /// <summary>The sidecar with that, if any.</summary>
    public string? EvmSidecar => Signature?.EvmSidecar;

    internal static ImaSignedFile Of(ImaSigned signed) => new(signed.File, signed.Status)
    {
        Output = signed.Status == FileStatus.Signed ? signed.Sidecar : null,
        Digest = signed.Digest,
        Note = signed.Status == FileStatus.Skipped ? "signed by this key already" : null,
        Signature = signed,
    };

    /// <summary>The outcome of a file that failed.</summary>
    internal static new ImaSignedFile Of(SelectedFile file, KexecSignException refused) =>
        Failing(new ImaSignedFile(file.Path, FileStatus.Failed), refused);
}

/// <summary>Result of <c>ima sign</c>.</summary>
/// <param name="DigestAlgorithm">Hash algorithm.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Files">What became of each file, in the order of selection.</param>
/// <param name="Tar">The archive written, if any.</param>
/// <param name="TarSha256">Its SHA-256.</param>
public sealed record ImaSignResult(
    string DigestAlgorithm, string Signer, ImmutableArray<ImaSignedFile> Files, string? Tar, string? TarSha256) : OperationResult
{
    /// <summary>The signatures, made now or found to hold, in their order.</summary>
    [JsonIgnore]
    public ImmutableArray<ImaSigned> Signed => [.. Files.Select(f => f.Signature).OfType<ImaSigned>()];

    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View()
    {
        ImmutableArray<ImaSigned> signed = Signed;
        int skipped = signed.Count(s => s.Status == FileStatus.Skipped);
        ReportView view = BatchView.Of(
            $"IMA: signed {signed.Length - skipped} file(s) as {Signer}{(skipped > 0 ? $"; {skipped} signed already" : "")}", Files,
            Tar is null ? [] : [$"{Tar}: 'tar --xattrs --xattrs-include=security.ima -xf' as root restores the signatures."]);
        return signed.Length is 0 || Files.Length > BatchView.MostRows ? view : view with
        {
            Tables =
            [
                new("", ["file", DigestAlgorithm.ToLowerInvariant(), "key id", "sidecar", "xattr"],
                    [.. signed.Select(s => ImmutableArray.Create(s.File, s.Digest, s.KeyId, s.Sidecar ?? "-", s.Xattr ?? "-"))]),
            ],
        };
    }
}
