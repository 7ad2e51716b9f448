using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Keys.Certificates;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Testset;

/// <summary>What the images of a set are made from and with. Images are layouts: ranges of a few files, and bytes in memory.</summary>
internal sealed class TestsetWorkshop(Layout kernel, ZbootKit kit, TestsetKeys keys, RunContext context) : IDisposable
{
    private readonly Dictionary<string, SigningIdentity> _signers = new(StringComparer.Ordinal);
    private ZbootAssembly? _plain, _signedInside;

    /// <summary>The kernel, unsigned.</summary>
    public Layout Kernel => kernel;

    /// <summary>A zboot around the kernel as it is, unsigned.</summary>
    public Layout PlainZboot => (_plain ??= Link(kernel)).Image;

    /// <summary>A zboot around the kernel that db signed, unsigned outside.</summary>
    public Layout SignedInsideZboot => (_signedInside ??= Link(Sign(kernel, "db", fit: true))).Image;

    /// <summary>An image with a signature, put in front of those that it has.</summary>
    public Layout Sign(Layout image, string key, bool fit = false, string? digest = null)
    {
        SigningIdentity identity = Signer(key, digest);
        PendingSignature pending = PendingSignature.Prepare(image, identity, ExistingSignatures.Prepend, fit);
        byte[] hash = LayoutPass.Finish(LayoutPass.Run(pending.Body, null, [pending.ImageHash], SilentLog.Instance, context.Cancellation))[
            0];
        byte[] signature = identity.Key.SignHash(pending.ToBeSigned(hash), identity.Hash, context.Cancellation);
        return pending.Body.Append(pending.Complete(signature));
    }

    /// <summary>
    /// An image with gaps, signed as firmware and kernel hash it. What is in the gaps is in no hash, which is why signing refuses such
    /// images.
    /// </summary>
    public Layout SignSections(Layout image, string key)
    {
        SigningIdentity identity = Signer(key, null);
        PeImage headers = PeReader.Read(image);
        byte[] content = new SpcIndirectData(identity.Hash,
            AuthenticodeDigest.Compute(image, AuthenticodeDigest.SectionRanges(headers), identity.Hash)).Encode();
        SignedAttributes attributes = SignedAttributes.For(content, identity.Hash, "KexecSign");
        byte[] signature = identity.Key.SignHash(attributes.Hash(identity.Hash), identity.Hash, context.Cancellation);
        byte[] pkcs7 = AuthenticodeSignedData.Encode(content, attributes, identity.Hash, identity.Certificates, identity.Scheme, signature);
        return CertificateTable.Attach(headers, image,
            CertificateTable.Encode([CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length))]));
    }

    /// <summary>A value of <c>security.ima</c> that signs a file.</summary>
    public byte[] ImaSignatureOf(Layout file, string key, string digest = "sha256")
    {
        SigningIdentity identity = Signer(key, digest);
        byte[] hash = Hash(file, identity.Hash);
        byte[] signature = identity.Key.SignHash(ImaSignature.ToBeSigned(ImaSignature.Digsig, 2, identity.Hash, hash), identity.Hash,
            context.Cancellation);
        return new ImaSignature(ImaSignature.Digsig, 2, identity.Hash, ImaSignature.KeyIdOf(SubjectKeyIdentifier.Of(identity.Certificate)),
            signature).Encode();
    }

    /// <summary>A value of <c>security.ima</c> that only holds a file's SHA-256 (IMA_XATTR_DIGEST_NG).</summary>
    public static byte[] ImaHashOf(Layout file) => [4, 4, .. Hash(file, HashAlgorithmName.SHA256)];

    /// <summary>A file with a signature appended as to a module.</summary>
    public Layout Append(Layout file, string key)
    {
        SigningIdentity identity = Signer(key, null);
        byte[] signature = identity.Key.SignHash(Hash(file, identity.Hash), identity.Hash, context.Cancellation);
        var signer = new DetachedSigner(SignerName.ByIssuer(identity.Certificate), identity.Hash, signature);
        return file.Append(AppendedSignature.Encode(DetachedSignedData.Encode(signer, identity.Scheme)));
    }

    /// <summary>A whole file's hash, without a line of progress for each of many.</summary>
    public static byte[] Hash(Layout file, HashAlgorithmName hash) => AuthenticodeDigest.Compute(file, [new(0, file.Length)], hash);

    /// <inheritdoc/>
    public void Dispose()
    {
        _plain?.Dispose();
        _signedInside?.Dispose();
    }

    // A level that is quick: nobody looks at the size.
    private ZbootAssembly Link(Layout inner) => ZbootAssembly.Make(kit, inner, new(Formats.Zboot.ZbootCompression.Gzip, Level: 9), context);

    private SigningIdentity Signer(string key, string? digest)
    {
        if (!_signers.TryGetValue(key + digest, out SigningIdentity? identity))
            _signers[key + digest] = identity = keys.Open(key, context, digest);
        return identity;
    }
}
