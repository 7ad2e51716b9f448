using KexecSign.Keys.Kinds;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Zboot;

/// <summary>The signature of the Image inside a zboot image; offsets and sizes in bytes, digests in lower-case hex.</summary>
/// <param name="Sha256">SHA-256 of the signed Image.</param>
/// <param name="DigestAlgorithm">Algorithm of the image digest.</param>
/// <param name="ImageDigest">The Authenticode digest that was signed.</param>
/// <param name="CertificateTableOffset">Offset of the certificate table in the Image.</param>
/// <param name="CertificateTableSize">Its size.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="SignerSha256">SHA-256 fingerprint of the signer's certificate.</param>
public sealed record InnerSignature(
    string Sha256, string DigestAlgorithm, string ImageDigest, long CertificateTableOffset, long CertificateTableSize,
    string Signer, string SignerSha256)
{
    /// <summary>The image_size that the kernel asks for now, when there was no room for the table in the old one; null otherwise.</summary>
    public uint? RaisedImageSize { get; init; }
}

/// <summary>
/// A kernel signed to go into a zboot image: with its certificate table it is exactly image_size long ("fit" in docs/glossary.md), so that
/// padding it changes nothing and kexec takes it as it is unpacked. Held in a temporary file: what is compressed is what was
/// hashed, whatever happens to the input.
/// </summary>
internal sealed class InnerImage : IDisposable
{
    private readonly TemporaryFile _body;

    private InnerImage(TemporaryFile body, Layout image, InnerSignature signature)
    {
        _body = body;
        Image = image;
        Signature = signature;
    }

    /// <summary>The signed kernel.</summary>
    public Layout Image { get; }

    /// <summary>What was signed, and by whom.</summary>
    public InnerSignature Signature { get; }

    /// <summary>Signs a kernel.</summary>
    /// <param name="kernel">The Image.</param>
    /// <param name="identity">Who signs.</param>
    /// <param name="existing">What becomes of the signatures it has.</param>
    /// <param name="context">Run context.</param>
    /// <param name="anyKernel">Whether it may be a zboot or bzImage, as it may be in a UKI.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS10xx, KS11xx, KS2xxx, KS3021.</exception>
    public static InnerImage Sign(Layout kernel, SigningIdentity identity, ExistingSignatures existing, RunContext context,
        bool anyKernel = false)
    {
        TemporaryFile copy = TemporaryFile.Create();
        try
        {
            copy.Write(kernel, context.Cancellation);
            PendingSignature pending = PendingSignature.Prepare(WithoutCheckSum(Layout.Of(copy)), identity, existing, fit: true,
                fitAny: anyKernel);
            byte[] digest = HashImage(pending, context);
            byte[] signature = identity.SignContent(ContentKind.Authenticode, pending.ToBeSigned(digest), () => pending.Attributes!.Der,
                context.Cancellation);
            Layout signed = pending.Body.Append(pending.Complete(signature));
            return new(copy, signed, new(
                Convert.ToHexStringLower(LayoutPass.Hash(signed, HashAlgorithmName.SHA256, context)),
                identity.Hash.Name!, Convert.ToHexStringLower(digest), pending.Body.Length, pending.TableSize,
                identity.Certificate.Subject, identity.Certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant())
            {
                RaisedImageSize = pending.RaisedImageSize,
            });
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _body.Dispose();

    // A checksum that signing makes untrue is worse than none, which is what kernels are built with.
    private static Layout WithoutCheckSum(Layout kernel)
    {
        PeImage image = PeReader.Read(kernel);
        return image.CheckSum == 0 ? kernel : kernel.OverwriteUInt32(image.CheckSumOffset, 0);
    }

    private static byte[] HashImage(PendingSignature pending, RunContext context)
    {
        using IRunStep step = context.Log.Step("hash the Image", pending.Body.Length);
        return LayoutPass.Finish(LayoutPass.Run(pending.Body, null, [pending.ImageHash], step, context.Cancellation))[0];
    }
}
