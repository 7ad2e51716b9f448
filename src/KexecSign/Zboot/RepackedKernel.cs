using System.Security.Cryptography;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Zboot;

/// <summary>The kernel that goes into a finished zboot image: its own, or one given instead; signed now, or as it is.</summary>
internal sealed class RepackedKernel : IDisposable
{
    private readonly IDisposable _holder;

    private RepackedKernel(IDisposable holder, Layout image, string sha256, InnerSignature? signature)
    {
        _holder = holder;
        Image = image;
        Sha256 = sha256;
        Signature = signature;
    }

    /// <summary>The kernel.</summary>
    public Layout Image { get; }

    /// <summary>Its SHA-256, lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>The signature made now; null when nobody signed.</summary>
    public InnerSignature? Signature { get; }

    /// <summary>Signs a kernel.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">As <see cref="InnerImage.Sign"/>.</exception>
    public static RepackedKernel Signed(Layout kernel, SigningIdentity identity, ExistingSignatures existing, RunContext context)
    {
        var inner = InnerImage.Sign(kernel, identity, existing, context);
        return new(inner, inner.Image, inner.Signature.Sha256, inner.Signature);
    }

    /// <summary>Takes a kernel as it is, signed elsewhere or not at all.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="pads">Whether the stub gives it as much memory as it is long, so that bss has to be in it.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS11xx, KS3106 when it is signed and too short to be padded.</exception>
    public static RepackedKernel AsItIs(Layout kernel, bool pads, RunContext context)
    {
        long imageSize = (long)KernelImage.Read(kernel).ImageSize;
        if (kernel.Length > Decompressor.MaxLength || imageSize > Decompressor.MaxLength)
            throw Formats.Errors.FormatErrors.PayloadTooLarge.With(Math.Max(imageSize, kernel.Length), Decompressor.MaxLength);
        if (pads && kernel.Length < imageSize)
            kernel = PeReader.Read(kernel).IsSigned
                ? throw OperationErrors.SignedImageShort.With(kernel.Length, imageSize)
                : kernel.PadTo(imageSize);
        var copy = TemporaryFile.Create();
        try
        {
            copy.Write(kernel, context.Cancellation);
            var image = Layout.Of(copy);
            return new(copy, image, Convert.ToHexStringLower(LayoutPass.Hash(image, HashAlgorithmName.SHA256, context)), null);
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Refuses a kernel that the stub was not linked for: the stub makes as many bytes executable as its own kernel's code takes, and a
    /// kernel of another machine does not start.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3119; KS11xx and KS1208 for what is no such kernel at all.</exception>
    public static void RequireSameKind(Layout given, Layout own)
    {
        _ = KernelImage.Read(given);
        PeImage wanted = PeReader.Read(own), found = PeReader.Read(given);
        if (wanted.Machine != found.Machine)
            throw OperationErrors.RepackedOtherKernel.With("machine", found.Machine, wanted.Machine);
        if (CodeEnd(wanted) != CodeEnd(found))
            throw OperationErrors.RepackedOtherKernel.With("end of .text", CodeEnd(found), CodeEnd(wanted));
    }

    /// <inheritdoc/>
    public void Dispose() => _holder.Dispose();

    private static long CodeEnd(PeImage image) => image.FindSection(".text") is { } text ? text.VirtualAddress + (long)text.VirtualSize : 0;
}
