using KexecSign.Compression;
using System.Collections.Immutable;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>Options of <c>build</c>: the whole line from a kernel Image to a signed package.</summary>
public sealed record BuildOptions
{
    /// <summary>A plan file: of many images, or of the options of one. Of the properties below, a plan of many takes <see cref="Keys"/>,
    /// <see cref="Shard"/>, <see cref="Rebuild"/>, <see cref="Policy"/>, <see cref="Pin"/> and <see cref="Report"/>.</summary>
    public string? Plan { get; init; }

    /// <summary>A file of keys that are taken instead of the plan's; null for the plan's own.</summary>
    public string? Keys { get; init; }

    /// <summary>Which part of a plan's images is to be built, for instance <c>2/5</c>; null for all.</summary>
    public string? Shard { get; init; }

    /// <summary>Whether a plan's images are built even where their outputs are there and verified.</summary>
    public bool Rebuild { get; init; }

    /// <summary>A policy that the finished image must satisfy before it appears; null for none.</summary>
    public string? Policy { get; init; }

    /// <summary>Where the signed provenance goes; null for none.</summary>
    public string? Provenance { get; init; }

    /// <summary>Who signs the provenance: a key of its own.</summary>
    public SigningOptions ProvenanceSigner { get; init; } = new();

    /// <summary>URI of who builds, for the provenance.</summary>
    public string? Builder { get; init; }

    /// <summary>The uncompressed kernel Image, or without <see cref="Kit"/> any EFI image.</summary>
    public string? Image { get; init; }

    /// <summary>The zboot kit to link with; null to sign the image as it stands.</summary>
    public string? Kit { get; init; }

    /// <summary>SHA-256 that the kit must have, hex; null for any.</summary>
    public string? KitSha256 { get; init; }

    /// <summary>Certificates of those who may sign the kit; empty for a kit that nobody vouches for.</summary>
    public ImmutableArray<string> KitSigners { get; init; } = [];

    /// <summary>PKCS#11 modules that plans, policies and files of keys may name, by path or name as they say it.</summary>
    public ImmutableArray<string> AllowedModules { get; init; } = [];

    /// <summary>Folder that a plan's outputs are taken from and stay below; null for the plan's own.</summary>
    public string? OutputRoot { get; init; }

    /// <summary>What becomes of signatures that the image, or the Image that goes inside, carries already.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary><c>gzip</c> or <c>zstd</c>; null for gzip.</summary>
    public string? Compression { get; init; }

    /// <summary>Compression level; null for the compression's default.</summary>
    public int? Level { get; init; }

    /// <summary>Which zstd compresses; null for that of this program.</summary>
    public ZstdLibrary? Zstd { get; init; }

    /// <summary>A CSV file of SBAT rows for the <c>.sbat</c> section; null for none but the image's own.</summary>
    public string? Sbat { get; init; }

    /// <summary>A kexec BPF parser object for the <c>.bpf</c> section; null for none.</summary>
    public string? Parser { get; init; }

    /// <summary>Key and certificate of the outer PE, and the PIN for all three keys.</summary>
    public SigningOptions Outer { get; init; } = new();

    /// <summary>Key and certificate of the Image inside; no inner signature when the key is null.</summary>
    public SigningOptions Inner { get; init; } = new();

    /// <summary>Key and certificate for IMA; no IMA signature when the key is null.</summary>
    public SigningOptions Ima { get; init; } = new();

    /// <summary>Where the PIN of all three keys comes from.</summary>
    public PinOptions Pin { get; init; } = new();

    /// <summary>Where the finished image goes; its sidecar is beside it.</summary>
    public string? Output { get; init; }

    /// <summary>Where the signed Image that is inside goes; null to keep none.</summary>
    public string? SignedImage { get; init; }

    /// <summary>Where the tar with the IMA signature goes; null for none.</summary>
    public string? Tar { get; init; }

    /// <summary>The xattr to set on the finished image: <c>security</c> or <c>user</c>; null for none.</summary>
    public string? Xattr { get; init; }

    /// <summary>Where the JSON report goes; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>Where a page about all of it goes; null for none.</summary>
    public string? Html { get; init; }

    /// <summary>Where the same as Markdown goes; null for none.</summary>
    public string? Markdown { get; init; }
}
