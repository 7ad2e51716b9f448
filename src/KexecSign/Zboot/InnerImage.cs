using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Keys.Kinds;
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

    private InnerImage(TemporaryFile body, string sourceSha256, Layout image, InnerSignature signature)
    {
        _body = body;
        SourceSha256 = sourceSha256;
        Image = image;
        Signature = signature;
    }

    /// <summary>SHA-256 of the kernel as it was given, lower-case hex.</summary>
    public string SourceSha256 { get; }

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
            string given = Copy(kernel, copy, context);
            PendingSignature pending = PendingSignature.Prepare(WithoutCheckSum(Layout.Of(copy)), identity, existing, fit: true,
                fitAny: anyKernel);
            (byte[] digest, IncrementalHash whole) = HashImage(pending, context);
            using (whole)
            {
                byte[] signature = identity.SignContent(ContentKind.Authenticode, pending.ToBeSigned(digest), () => pending.Attributes!.Der,
                    context.Cancellation);
                byte[] table = pending.Complete(signature);
                whole.AppendData(table);
                return new(copy, given, pending.Body.Append(table), Describe(whole.GetHashAndReset(), digest, pending, identity));
            }
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

    // What is copied is hashed on the way, so that nobody reads it again to tell what was built from.
    private static string Copy(Layout kernel, TemporaryFile copy, RunContext context)
    {
        using IRunStep step = context.Log.Step("copy the Image", kernel.Length);
        return Convert.ToHexStringLower(LayoutPass.Finish(LayoutPass.Run(
            kernel, null, [HashRequest.Whole(HashAlgorithmName.SHA256, kernel)], step, context.Cancellation, copy.Write))[0]);
    }

    // The second hash goes on over the certificate table, and is then that of the signed Image.
    private static (byte[] Digest, IncrementalHash Whole) HashImage(PendingSignature pending, RunContext context)
    {
        using IRunStep step = context.Log.Step("hash the Image", pending.Body.Length);
        ImmutableArray<IncrementalHash> hashes = LayoutPass.Run(
            pending.Body, null, [pending.ImageHash, HashRequest.Whole(HashAlgorithmName.SHA256, pending.Body)], step, context.Cancellation);
        return (LayoutPass.Finish(hashes[..1])[0], hashes[1]);
    }

    private static InnerSignature Describe(byte[] sha256, byte[] digest, PendingSignature pending, SigningIdentity identity) => new(
        Convert.ToHexStringLower(sha256), identity.Hash.Name!, Convert.ToHexStringLower(digest), pending.Body.Length, pending.TableSize,
        identity.Certificate.Subject, identity.Certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant())
    {
        RaisedImageSize = pending.RaisedImageSize,
    };
}
