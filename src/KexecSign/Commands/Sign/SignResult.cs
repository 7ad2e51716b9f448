using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Batches;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Signing;

namespace KexecSign.Commands.Sign;

/// <summary>
/// An image of a batch; offsets and sizes in bytes, digests in lower-case hex. What is not known of it, because it was not signed now, is
/// null.
/// </summary>
/// <param name="File">The image as it was found.</param>
/// <param name="Status">What became of it.</param>
public sealed record SignedFile(string File, FileStatus Status) : FileOutcome(File, Status)
{
    /// <summary>The image that was written; null when it was not signed now.</summary>
    [JsonIgnore]
    public SignedImage? Image { get; init; }

    /// <summary>Length of the file that was written.</summary>
    public long? Size => Image?.Size;

    /// <summary>SHA-256 of the whole file.</summary>
    public string? Sha256 => Image?.Sha256;

    /// <summary>Algorithm of the image digest.</summary>
    public string? DigestAlgorithm => Image?.DigestAlgorithm;

    /// <summary>File offset of the certificate table.</summary>
    public long? CertificateTableOffset => Image?.CertificateTableOffset;

    /// <summary>Its size.</summary>
    public long? CertificateTableSize => Image?.CertificateTableSize;

    /// <summary>Subject of the signer's certificate.</summary>
    public string? Signer => Image?.Signer;

    /// <summary>SHA-256 fingerprint of the signer's certificate.</summary>
    public string? SignerSha256 => Image?.SignerSha256;

    /// <summary>The image_size that the kernel asks for now, when there was no room for the table in the old one.</summary>
    public uint? RaisedImageSize => Image?.RaisedImageSize;

    /// <summary>How many signatures there were before, and are still.</summary>
    public int? Kept => Image?.Kept;

    internal static SignedFile Of(SelectedFile file, SignedImage image) =>
        new(file.Path, FileStatus.Signed) { Output = image.File, Digest = image.ImageDigest, Image = image };

    /// <summary>The outcome of an image that failed.</summary>
    internal static new SignedFile Of(SelectedFile file, KexecSignException refused) =>
        Failing(new SignedFile(file.Path, FileStatus.Failed), refused);
}

/// <summary>Result of <c>sign</c>.</summary>
/// <param name="Files">What became of each image, in the order of selection.</param>
public sealed record SignResult(ImmutableArray<SignedFile> Files) : OperationResult
{
    /// <summary>The images that were signed now, in their order.</summary>
    [JsonIgnore]
    public ImmutableArray<SignedImage> Signed => [.. Files.Select(f => f.Image).OfType<SignedImage>()];

    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View()
    {
        ReportView view = BatchView.Of($"signed {Files.Count(f => f.Status == FileStatus.Signed)} file(s)", Files);
        return Files.Any(f => f.Status == FileStatus.Skipped) || Files.Length > BatchView.MostRows ? view : view with
        {
            Tables =
            [
                new("", ["file", "bytes", "image digest", "table", "signer"],
                    [.. Signed.Select(s => ImmutableArray.Create(
                        s.File, $"{s.Size}", $"{s.DigestAlgorithm} {s.ImageDigest}", Table(s), s.Signer))]),
            ],
        };
    }

    private static string Table(SignedImage signed) =>
        signed.CertificateTableSize == 0
            ? "none: a PKCS#7 alone"
            : $"0x{signed.CertificateTableOffset:x}+0x{signed.CertificateTableSize:x}";
}
