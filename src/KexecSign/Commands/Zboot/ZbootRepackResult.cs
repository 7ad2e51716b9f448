using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Compression;
using KexecSign.Core.Reports;
using KexecSign.Formats.Zboot;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Zboot;

/// <summary>Options of <c>zboot repack</c>.</summary>
public sealed record ZbootRepackOptions
{
    /// <summary>The zboot image.</summary>
    public string Image { get; init; } = "";

    /// <summary>An Image to put in instead of the one inside; null for that one.</summary>
    public string? Replacement { get; init; }

    /// <summary>A kit to link with when the signed Image does not fit; null to refuse then.</summary>
    public string? Kit { get; init; }

    /// <summary>Certificates of those who may sign the kit; empty for a kit that nobody vouches for.</summary>
    public ImmutableArray<string> KitSigners { get; init; } = [];

    /// <summary>Who links with the kit.</summary>
    public LinkerFamily Linker { get; init; }

    /// <summary>Which zstd compresses; null for that of this program.</summary>
    public ZstdLibrary? Zstd { get; init; }

    /// <summary>
    /// Who signs the Image inside; nobody when there is no key and a <see cref="Replacement"/> that was signed elsewhere.
    /// </summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>
    /// Another key and certificate, to sign with when the signature of <see cref="Signing"/> does not fit; the PIN is that of
    /// <see cref="Signing"/>.
    /// </summary>
    public SigningOptions Smaller { get; init; } = new();

    /// <summary>Whether chain certificates may be left out when the signature does not fit with them.</summary>
    public bool MayDropChain { get; init; }

    /// <summary>What becomes of signatures that the Image inside carries already.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Where the signed Image is kept; null for nowhere.</summary>
    public string? SignedImage { get; init; }

    /// <summary>Where the zboot image goes.</summary>
    public string? Output { get; init; }
}

/// <summary>A zboot image whose inner Image was signed; offsets and sizes in bytes, digests in lower-case hex.</summary>
/// <param name="File">The image.</param>
/// <param name="Size">Its length.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Compression">Compression of the payload.</param>
/// <param name="Setting">How it was compressed, for people.</param>
/// <param name="PayloadOffset">File offset of the payload.</param>
/// <param name="PayloadSize">Its length, without the 4 bytes behind it.</param>
/// <param name="Filler">Bytes of the payload that hold nothing; null when the image was linked anew.</param>
/// <param name="KitSha256">SHA-256 of the kit that it was linked with; null when the old stub stayed.</param>
/// <param name="ImageLength">Length of the Image inside, padding included.</param>
/// <param name="WasSigned">Whether the image had an outer signature, which is gone.</param>
/// <param name="Inner">The signature made on the Image; null when it was put in as it is.</param>
/// <param name="SignedImage">Where the signed Image was kept.</param>
public sealed record ZbootRepackResult(
    string File, long Size, string Sha256, [property: JsonConverter(typeof(CompressionNames))] ZbootCompression Compression, string Setting,
    long PayloadOffset, long PayloadSize, long? Filler, string? KitSha256, long ImageLength, bool WasSigned, InnerSignature? Inner,
        string? SignedImage) : OperationResult
{
    /// <summary>Name and version of what compressed the payload.</summary>
    public string? Library { get; init; }

    /// <summary>What was done to the signature so that it fits; null when it is the one that was asked for.</summary>
    public string? MadeToFit { get; init; }

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"repacked {File}",
        [ReportTable.Fields("",
            ("bytes", $"{Size}"),
            ("payload", $"{PayloadFormat.Of(Compression).Word} {Setting} by {Library} at 0x{PayloadOffset:x}, 0x{PayloadSize:x} "
                + $"bytes{(Filler is > 0 ? $", 0x{Filler:x} of them filler" : "")}"),
            ("stub", KitSha256 is null ? "as it was" : $"linked anew from kit {KitSha256}"),
            ("Image inside", $"0x{ImageLength:x} bytes"),
            ("inner signature", Inner is null ? "as it was given" : $"{Inner.DigestAlgorithm} {Inner.ImageDigest} by {Inner.Signer}"),
            ("made to fit", MadeToFit),
            ("signed Image", SignedImage),
            ("sha256", Sha256))],
        [WasSigned
            ? "The outer signature is gone, for it no longer held: sign the image again, last."
            : "The image itself is unsigned: sign it last."]);
}
