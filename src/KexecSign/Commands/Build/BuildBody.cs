using System.Security.Cryptography;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>
/// The image before parser and outer signature: linked from a kit, or a finished zboot image whose Image is signed in place,
/// or a file as it stands.
/// </summary>
internal sealed class BuildBody : IDisposable
{
    private readonly IDisposable[] _held;

    private BuildBody(Layout image, InnerImage? inner, BuiltZboot? zboot, params IDisposable?[] held)
    {
        Image = image;
        Inner = inner;
        Zboot = zboot;
        _held = [.. held.OfType<IDisposable>()];
    }

    /// <summary>The image's bytes.</summary>
    public Layout Image { get; }

    /// <summary>The signed Image inside; null when it was not signed.</summary>
    public InnerImage? Inner { get; }

    /// <summary>The payload; null for a file as it stands.</summary>
    public BuiltZboot? Zboot { get; }

    /// <summary>SHA-256 of the file that it was made from, lower-case hex; null when nobody has read that whole.</summary>
    public string? SourceSha256 { get; private init; }

    /// <summary>The payload, unpacked again while the image was made; null when it was not packed here.</summary>
    public UnpackedAhead? Unpacked { get; private init; }

    /// <summary>Makes the image.</summary>
    /// <param name="source">The Image, or the finished image when there is no kit.</param>
    /// <param name="kit">The kit; null for none.</param>
    /// <param name="inner">Who signs the Image inside; null for nobody.</param>
    /// <param name="existing">What becomes of signatures that it, or the Image inside, carries already.</param>
    /// <param name="recipe">How a kit's payload is compressed.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS10xx to KS12xx, KS3010, KS31xx.</exception>
    public static BuildBody Make(FileSource source, ZbootKit? kit, SigningIdentity? inner, ExistingSignatures existing, ZbootRecipe recipe,
        RunContext context)
    {
        Layout file = StandingImage.Of(source.ToLayout(), kit is null, existing);
        if (kit is not null)
            return Linked(file, kit, inner, existing, recipe, context);
        if (inner is null)
            return new(file, null, null);
        if (KnownImage.Of(file).Kind != ImageKind.Zboot)
            throw OperationErrors.OptionMissing.With(
                "build", $"{new NamedOption("kit")}: {source.Path} is no zboot image, so there is no Image inside to sign");
        return Repacked(file, inner, existing, source.Path, recipe.Zstd ?? default, context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable held in _held)
            held.Dispose();
    }

    private static BuildBody Linked(Layout file, ZbootKit kit, SigningIdentity? signer, ExistingSignatures existing, ZbootRecipe recipe,
        RunContext context)
    {
        _ = KernelImage.Read(file);
        InnerImage? inner = signer is null ? null : InnerImage.Sign(file, signer, existing, context);
        try
        {
            ZbootAssembly zboot = ZbootAssembly.Make(kit, inner?.Image ?? file, recipe, context, unpack: true);
            return new(
                zboot.Image, inner,
                new(zboot.Header.CompressionName, zboot.Level, zboot.Header.PayloadOffset, zboot.Header.PayloadSize, zboot.PayloadSha256,
                    zboot.ImageLength, zboot.CodeSize)
                { Library = zboot.Library },
                zboot, inner)
            {
                SourceSha256 = inner?.SourceSha256,
                Unpacked = zboot.Unpacked,
            };
        }
        catch
        {
            inner?.Dispose();
            throw;
        }
    }

    private static BuildBody Repacked(Layout file, SigningIdentity signer, ExistingSignatures existing, string path, ZstdLibrary zstd,
        RunContext context)
    {
        using FinishedZboot zboot = FinishedZboot.Open(file, context);
        var repacked = RepackedZboot.Sign(zboot, signer, existing, zstd, shortest => zboot.DoesNotFit(shortest, path), context);
        try
        {
            string payload = Convert.ToHexStringLower(LayoutPass.Hash(repacked.Fit.Payload, HashAlgorithmName.SHA256, context));
            return new(
                repacked.Image, repacked.Inner,
                new(
                    zboot.Header.CompressionName, null, zboot.Header.PayloadOffset, zboot.Header.PayloadSize, payload,
                    repacked.Inner.Image.Length, null)
                {
                    Library = Compressor.Library(zboot.Header.Compression, zstd),
                },
                repacked);
        }
        catch
        {
            repacked.Dispose();
            throw;
        }
    }
}
