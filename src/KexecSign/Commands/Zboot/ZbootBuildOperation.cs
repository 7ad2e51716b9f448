using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Zboot;
using KexecSign.Provenance;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Zboot;

/// <summary>Options of <c>zboot build</c>.</summary>
public sealed record ZbootBuildOptions
{
    /// <summary>The kit.</summary>
    public string? Kit { get; init; }

    /// <summary>Certificates of those who may sign the kit; empty for a kit that nobody vouches for.</summary>
    public ImmutableArray<string> KitSigners { get; init; } = [];

    /// <summary>The kernel.</summary>
    public string? Image { get; init; }

    /// <summary>Compression of the payload.</summary>
    public ZbootCompression Compression { get; init; }

    /// <summary>Its level; null for the default.</summary>
    public int? Level { get; init; }

    /// <summary>Which zstd compresses; null for that of this program.</summary>
    public ZstdLibrary? Zstd { get; init; }

    /// <summary>The strongest setting there is, whatever time it takes.</summary>
    public bool Smallest { get; init; }

    /// <summary>A ready payload instead of compressing.</summary>
    public string? Payload { get; init; }

    /// <summary>A CSV file of SBAT rows; null for none but the stub's own.</summary>
    public string? Sbat { get; init; }

    /// <summary>Who links.</summary>
    public LinkerFamily Linker { get; init; }

    /// <summary>Who signs the Image inside; without a key it goes in as it is.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>What becomes of signatures that the Image carries already.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Where the signed Image is kept; null for nowhere.</summary>
    public string? SignedImage { get; init; }

    /// <summary>Where the zboot image goes.</summary>
    public string? Output { get; init; }
}

/// <summary>A zboot image that was made; offsets and sizes in bytes, digests in lower-case hex.</summary>
/// <param name="File">The image.</param>
/// <param name="Size">Its length.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Compression">Compression of the payload.</param>
/// <param name="Level">Its level; null when the payload was given.</param>
/// <param name="PayloadOffset">File offset of the payload.</param>
/// <param name="PayloadSize">Its length, without the 4 bytes behind it.</param>
/// <param name="PayloadSha256">Its SHA-256.</param>
/// <param name="ImageLength">Length of the Image inside, padding included.</param>
/// <param name="CodeSize">zboot_code_size.</param>
/// <param name="KitSha256">SHA-256 of the kit.</param>
/// <param name="Inner">The signature made on the Image; null when it went in as it was.</param>
/// <param name="SignedImage">Where the signed Image was kept.</param>
public sealed record ZbootBuildResult(
    string File, long Size, string Sha256, [property: JsonConverter(typeof(CompressionNames))] ZbootCompression Compression, int? Level,
    long PayloadOffset, long PayloadSize,
    string PayloadSha256, long ImageLength, long CodeSize, string KitSha256, InnerSignature? Inner, string? SignedImage) : OperationResult
{
    /// <summary>Name and version of what compressed the payload; null when it was given.</summary>
    public string? Library { get; init; }

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"built {File}",
        [ReportTable.Fields("",
            ("bytes", $"{Size}"),
            ("payload", $"{PayloadFormat.Of(Compression).Word}{(Level is null ? "" : $" level {Level} by {Library}")} at "
                + $"0x{PayloadOffset:x}, 0x{PayloadSize:x} bytes"),
            ("Image inside", $"0x{ImageLength:x} bytes, code up to 0x{CodeSize:x}"),
            ("inner signature", Inner is null ? null : $"{Inner.DigestAlgorithm} {Inner.ImageDigest} by {Inner.Signer}"),
            ("signed Image", SignedImage),
            ("sha256", Sha256))],
        ["The image itself is unsigned: sign it last."]);
}

/// <summary><c>zboot build</c>: wraps a kernel, signed on the way or not, into a zboot image.</summary>
internal static class ZbootBuildOperation
{
    public static Operation<ZbootBuildOptions, ZbootBuildResult> Definition { get; } = new()
    {
        Name = "zboot build",
        Summary = "Wrap a kernel Image into a vmlinuz.efi, from a kit.",
        Details = "With a key the Image inside is signed so that it is exactly image_size bytes long, which boots and which kexec takes "
            + "after unpacking. What was linked is read again and compared before it appears.",
        Body = Run,
        RunsPrograms = true,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Image, o.Kit, o.Payload, o.Sbat),
            .. PlannedStep.Sign("the Image inside", o.Signing.Key, o.Signing.Certificate),
            new("run", $"compress ({PayloadFormat.Of(o.Compression).Word}), objcopy and ld"), .. PlannedStep.Write(o.SignedImage, o.Output),
        ],
        TypedResult = () => ZbootJson.Default.ZbootBuildResult,
        MakeOptions = () =>
        [
            new("kit", "FILE", "A kit from 'zboot kit'.", (o, v) => o with { Kit = v }, required: true),
            ZbootOptionSpecs.KitSigner<ZbootBuildOptions>((o, v) => o with { KitSigners = o.KitSigners.Add(v) }),
            new("image", "FILE", "The kernel: arch/*/boot/Image of its build, or what a distribution ships.",
                (o, v) => o with { Image = v }, required: true),
            new("compression", "NAME", "Compression of the payload.", (o, v) => o with { Compression = ZbootOptionSpecs.Compression(v) },
                defaultValue: PayloadFormat.Default.Word, choices: PayloadFormat.Words),
            new("level", "N", "1 to 12 for gzip, 1 to 22 for zstd.", (o, v) => o with { Level = OptionValues.Number("level", v) },
                defaultValue: "6 or 22"),
            ZbootOptionSpecs.Zstd<ZbootBuildOptions>((o, v) => o with { Zstd = v }),
            new("smallest", null,
                "The strongest setting instead: 4 % smaller than gzip -9 in less time than it on two processors; zstd takes some more "
                + "memory.", (o, _) => o with { Smallest = true }),
            new("payload", "FILE",
                "A payload that is compressed already, its 4-byte length included: the kernel build's arch/*/boot/vmlinuz.", (o, v) =>
                o with { Payload = v }),
            ZbootOptionSpecs.Sbat<ZbootBuildOptions>((o, v) => o with { Sbat = v }),
            ZbootOptionSpecs.Linker<ZbootBuildOptions>((o, v) => o with { Linker = v }),
            .. SigningOptionSpecs.All<ZbootBuildOptions>("that signs the Image inside", HashUses.Image, o => o.Signing,
                (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.Existing<ZbootBuildOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("signed-image", "FILE", "Keep the signed Image there.", (o, v) => o with { SignedImage = v }, kind: OptionKind.PathOut),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign zboot build --kit arm64.kit --image Image -o vmlinuz.efi", "Wrap an Image as it is."),
            new("kexecsign zboot build --kit arm64.kit --image Image --compression zstd --key 'pkcs11:token=release;object=kexec' --cert "
                + "kexec.pem --pin-env RELEASE_PIN -o vmlinuz.efi",
                "Sign the Image for kexec on the way."),
        ],
    };

    private static ZbootBuildResult Run(ZbootBuildOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("zboot build", new NamedOption("o"));
        string kitPath = options.Kit ?? throw OperationErrors.OptionMissing.With("zboot build", new NamedOption("kit"));
        string imagePath = options.Image ?? throw OperationErrors.OptionMissing.With("zboot build", new NamedOption("image"));
        bool signs = Signs(options);
        string[] inputs = [kitPath, imagePath, .. new[] { options.Payload, options.Sbat }.OfType<string>()];
        ZbootKit kit = ZbootKit.Open(kitPath);
        KitSignature.Require(kit, options.KitSigners, $"{new NamedOption("kit-signer")}", context);
        using FileSource image = FileSource.Open(imagePath);
        // Outputs are begun first: half a minute of compressing should not end at a folder that is not there.
        using OutputFile output = OutputFile.Create(path, inputs);
        using OutputFile? kept = options.SignedImage is null ? null : OutputFile.Create(options.SignedImage, [.. inputs, path]);
        try
        {
            using InnerImage? inner = signs
                ? InnerImage.Sign(image.ToLayout(), SigningIdentity.Open("zboot build", options.Signing, context), options.Existing,
                    context)
                : null;
            using var zboot = ZbootAssembly.Make(kit, inner?.Image ?? image.ToLayout(),
                new(options.Compression, options.Level, options.Payload, options.Smallest, options.Linker) { Zstd = options.Zstd },
                context);
            WrittenFile written = WrittenFile.Fill(output, options.Sbat is null ? zboot.Image : SbatSection.Put(zboot.Image, options.Sbat),
                context);
            if (kept is not null)
                _ = WrittenFile.Fill(kept, inner!.Image, context);
            kept?.Commit();
            output.Commit();
            return new(
                path, written.Size, written.Sha256, zboot.Header.Compression, zboot.Level, zboot.Header.PayloadOffset,
                zboot.Header.PayloadSize,
                zboot.PayloadSha256, zboot.ImageLength, zboot.CodeSize, kit.Sha256, inner?.Signature, options.SignedImage)
            { Library = zboot.Library };
        }
        catch (KexecSignException refused)
            when (refused.Code == OperationErrors.AlreadySigned || refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(imagePath);
        }
    }

    private static bool Signs(ZbootBuildOptions options)
    {
        bool signs = options.Signing.Key is not null || options.Signing.Certificate is not null;
        if (signs && options.Payload is not null)
            throw OperationErrors.OptionsConflict.With(new NamedOption("key"), new NamedOption("payload"));
        if (options is { Level: not null, Payload: not null })
            throw OperationErrors.OptionsConflict.With(new NamedOption("level"), new NamedOption("payload"));
        if (options is { Smallest: true, Payload: not null })
            throw OperationErrors.OptionsConflict.With(new NamedOption("smallest"), new NamedOption("payload"));
        if (options is { Zstd: not null, Payload: not null })
            throw OperationErrors.OptionsConflict.With(new NamedOption("zstd"), new NamedOption("payload"));
        if (options is { Smallest: true, Level: not null })
            throw OperationErrors.OptionsConflict.With(new NamedOption("smallest"), new NamedOption("level"));
        if (!signs && options.SignedImage is not null)
            throw OperationErrors.OptionMissing.With("zboot build", $"{new NamedOption("key")} for {new NamedOption("signed-image")}");
        return signs;
    }
}
