using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Signing;

namespace KexecSign.Zboot;

/// <summary>A finished zboot image whose Image inside was signed now, and which was read once more as its consumers do.</summary>
internal sealed class RepackedZboot : IDisposable
{
    private RepackedZboot(Layout image, InnerImage inner, PayloadFit fit)
    {
        Image = image;
        Inner = inner;
        Fit = fit;
    }

    /// <summary>The image, unsigned itself.</summary>
    public Layout Image { get; }

    /// <summary>The signed Image inside.</summary>
    public InnerImage Inner { get; }

    /// <summary>How that fills the space of the old payload.</summary>
    public PayloadFit Fit { get; }

    /// <summary>Signs the Image inside.</summary>
    /// <param name="zboot">The image; it may be disposed of afterwards.</param>
    /// <param name="signer">Who signs.</param>
    /// <param name="existing">What becomes of signatures that the Image carries already.</param>
    /// <param name="zstd">The zstd library.</param>
    /// <param name="doesNotFit">The error when the signed Image finds no room, of the length of the shortest payload found.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS10xx, KS11xx, KS2xxx, KS3021, KS3117, and what does not fit.</exception>
    public static RepackedZboot Sign(
        FinishedZboot zboot, SigningIdentity signer, ExistingSignatures existing, ZstdLibrary zstd,
        Func<long, KexecSignException> doesNotFit, RunContext context)
    {
        InnerImage? inner = null;
        PayloadFit? fit = null;
        try
        {
            inner = InnerImage.Sign(zboot.Kernel, signer, existing, context);
            var search = new PayloadSearch(zboot.Header.Compression, zboot.Header.PayloadSize, zstd);
            fit = search.Try(inner.Image, inner.Signature.CertificateTableSize, context) ?? throw doesNotFit(search.Shortest);
            Layout repacked = zboot.With(fit.Payload, checked((uint)inner.Image.Length));
            FinishedZboot.Require(repacked, inner.Signature.Sha256, context);
            return new(repacked, inner, fit);
        }
        catch
        {
            fit?.Dispose();
            inner?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Fit.Dispose();
        Inner.Dispose();
    }
}
