using KexecSign.Core;
using KexecSign.Provenance;
using System.Collections.Immutable;
using KexecSign.Core.Reports;
using KexecSign.Ima;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Parsers;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>A file as it was read.</summary>
/// <param name="File">Path.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
public sealed record BuildInput(string File, long Size, string Sha256);

/// <summary>The zboot image as linked; offsets and sizes in bytes.</summary>
/// <param name="Compression">Name in the header.</param>
/// <param name="Level">Compression level.</param>
/// <param name="PayloadOffset">File offset of the payload.</param>
/// <param name="PayloadSize">Its length, without the 4 bytes behind a zstd payload.</param>
/// <param name="PayloadSha256">Its SHA-256.</param>
/// <param name="ImageLength">Length of the Image inside, padding included.</param>
/// <param name="CodeSize">zboot_code_size; null where nothing was linked.</param>
public sealed record BuiltZboot(
    string Compression, int? Level, long PayloadOffset, long PayloadSize, string PayloadSha256, long ImageLength, long? CodeSize)
{
    /// <summary>Name and version of what compressed it; null where nothing was compressed.</summary>
    public string? Library { get; init; }
}

/// <summary>The result of <c>build</c>, and the report that it writes; offsets and sizes in bytes, digests in lower-case hex.</summary>
public sealed record BuildResult : BuildOutcome
{
    /// <summary>The finished image.</summary>
    public required string File { get; init; }

    /// <summary>The Image given.</summary>
    public required BuildInput Image { get; init; }

    /// <summary>The kit given; null when the image was signed as it stands.</summary>
    public BuildInput? Kit { get; init; }

    /// <summary>image_size of the kernel; null for what is no Image of arm64 or riscv.</summary>
    public long? ImageSize { get; init; }

    /// <summary>The signed Image inside; null when it was not signed.</summary>
    public InnerSignature? Inner { get; init; }

    /// <summary>Where the signed Image was kept; null for nowhere.</summary>
    public string? SignedImage { get; init; }

    /// <summary>The version of Linux that the kernel in it says it is (uname -r); null where none is found.</summary>
    public string? LinuxVersion { get; init; }

    /// <summary>Compression and place of the payload, and what was linked; null when the image was signed as it stands.</summary>
    public BuiltZboot? Zboot { get; init; }

    /// <summary>The parser embedded; null when none was.</summary>
    public EmbeddedParser? Parser { get; init; }

    /// <summary>The finished image's signature; null when it was not signed.</summary>
    public SignedImage? Outer { get; init; }

    /// <summary>The IMA signature; null when none was made.</summary>
    public ImaSigned? Ima { get; init; }

    /// <summary>The tar with the IMA signature.</summary>
    public BuildInput? Tar { get; init; }

    /// <summary>Where the signed provenance is.</summary>
    public string? Provenance { get; init; }

    /// <summary>What was asked of the policy; null when none was given.</summary>
    public PolicyReport? Policy { get; init; }

    /// <summary>All files made, this report not among them.</summary>
    public ImmutableArray<BuildInput> Outputs { get; init; } = [];

    /// <summary>SHA-256 over all that the files were made from: inputs, options, certificates and this program's version.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>The certificates that signed.</summary>
    public required ImmutableArray<BuildCertificate> Certificates { get; init; }

    /// <summary>What each consumer says of the finished image.</summary>
    public required ImmutableArray<Verdict> Verdicts { get; init; }

    /// <summary>Whether the finished image carries a signature, made now or before; not known of one that a report tells of.</summary>
    internal bool IsSigned { get; init; } = true;

    /// <inheritdoc/>
    public override ExitCode Exit => ExitCode.Done;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"built {File}",
        [
            ReportTable.Fields("made",
                ("image given", $"{Image.Size} bytes{(ImageSize is null ? "" : $", image_size 0x{ImageSize:x}")}"),
                ("inner signature", Inner is null
                    ? "none"
                    : $"{Inner.DigestAlgorithm} {Inner.ImageDigest}, table 0x{Inner.CertificateTableSize:x} at "
                        + $"0x{Inner.CertificateTableOffset:x}"),
                ("Linux version", LinuxVersion),
                ("payload", Zboot is null ? null : $"{Zboot.Compression}{(Zboot.Level is null ? "" : $" level {Zboot.Level}")}"
                    + $"{(Zboot.Library is null ? "" : $" by {Zboot.Library}")}, 0x{Zboot.PayloadSize:x} bytes at 0x{Zboot.PayloadOffset:x}"),
                ("parser", Parser is null ? "none" : $"{Parser.Abi}, .bpf 0x{Parser.SectionSize:x} bytes at 0x{Parser.SectionOffset:x}"),
                ("outer signature", Outer is null
                    ? "none"
                    : $"{Outer.DigestAlgorithm} {Outer.ImageDigest}, table 0x{Outer.CertificateTableSize:x} at "
                        + $"0x{Outer.CertificateTableOffset:x}"),
                ("image", Outer is null ? null : $"{Outer.Size} bytes, sha256 {Outer.Sha256}"),
                ("IMA", Ima is null ? "none" : $"key id {Ima.KeyId}, {Ima.Sidecar}{(Ima.Xattr is null ? "" : ", " + Ima.Xattr)}{(Tar is null ? "" : ", " + Tar.File)}"),
                ("provenance", Provenance)),
            .. Filled(new("signed by", ["role", "subject", "sha256"],
                [.. Certificates.Select(c => ImmutableArray.Create(c.Role, c.Subject, c.Sha256))])),
            .. Filled(new("verified", ["as", "answer", "reason"],
                [.. Verdicts.Select(v => ImmutableArray.Create(v.Who, v.Answer.ToString().ToLowerInvariant(), v.Reason))])),
        ],
        IsSigned ? [] : ["The image itself is unsigned: sign it last."]);

    private static ReportTable[] Filled(ReportTable table) => table.Rows.IsEmpty ? [] : [table];
}
