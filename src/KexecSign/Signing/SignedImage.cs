using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Files;
using KexecSign.Running;
using KexecSign.Timestamping;

namespace KexecSign.Signing;

/// <summary>What a signed image consists of, in numbers; offsets and sizes in bytes, digests in lower-case hex.</summary>
/// <param name="File">Where it was written.</param>
/// <param name="Size">Length of the file.</param>
/// <param name="Sha256">SHA-256 of the whole file.</param>
/// <param name="DigestAlgorithm">Algorithm of the image digest.</param>
/// <param name="ImageDigest">The Authenticode digest that was signed.</param>
/// <param name="CertificateTableOffset">File offset of the certificate table.</param>
/// <param name="CertificateTableSize">Its size.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="SignerSha256">SHA-256 fingerprint of the signer's certificate.</param>
public sealed record SignedImage(
    string File, long Size, string Sha256, string DigestAlgorithm, string ImageDigest,
    long CertificateTableOffset, long CertificateTableSize, string Signer, string SignerSha256)
{
    /// <summary>The image_size that the kernel asks for now, when there was no room for the table in the old one; null otherwise.</summary>
    public uint? RaisedImageSize { get; init; }
}

/// <summary>
/// Signs one image: prepare and hash while writing a temporary file, sign, append the table. Prepared and finished apart, so
/// that a batch hashes everything before it touches the token.
/// </summary>
internal sealed class ImageSigning : IDisposable
{
    private readonly PendingSignature _pending;
    private readonly SigningIdentity _identity;
    private readonly IncrementalHash _fileHash;
    private readonly byte[] _toBeSigned;
    private byte[]? _pkcs7;

    private ImageSigning(PendingSignature pending, SigningIdentity identity, OutputFile output, IncrementalHash fileHash, byte[] imageDigest)
    {
        _pending = pending;
        _identity = identity;
        Output = output;
        _fileHash = fileHash;
        _toBeSigned = pending.ToBeSigned(imageDigest);
    }

    /// <summary>The output, which appears when <see cref="Finish"/> is called.</summary>
    public OutputFile Output { get; }

    /// <summary>Writes the body to the output's temporary file and hashes it in the same pass.</summary>
    public static ImageSigning Begin(PendingSignature pending, SigningIdentity identity, OutputFile output, RunContext context)
    {
        using IRunStep step = context.Log.Step($"hash and write {Path.GetFileName(output.Path)}", pending.Body.Length);
        var hashes = LayoutPass.Run(
            pending.Body, output,
            [pending.ImageHash, HashRequest.Whole(HashAlgorithmName.SHA256, pending.Body)],
            step, context.Cancellation);
        byte[] imageDigest = hashes[0].GetHashAndReset();
        hashes[0].Dispose();
        return new(pending, identity, output, hashes[1], imageDigest);
    }

    /// <summary>The image digest, as computed while writing.</summary>
    public ReadOnlyMemory<byte> ImageDigest => _pending.IndirectData!.Digest;

    /// <summary>Has the key sign, and a server timestamp the signature.</summary>
    public void Sign(RunContext context, Timestamper? timestamper = null)
    {
        byte[] signature = _identity.SignContent(_toBeSigned, () => _pending.Attributes!.Der, context.Cancellation);
        _pkcs7 = _pending.Assemble(signature, timestamper?.Stamp(signature, _identity.Hash, context));
    }

    /// <summary>Takes a PKCS#7 that was made elsewhere; that it is for this image is for the caller to know.</summary>
    public void Use(byte[] pkcs7) => _pkcs7 = pkcs7;

    /// <summary>Appends the certificate table and makes the file appear.</summary>
    public SignedImage Finish()
    {
        SignedImage image = Complete();
        Output.Commit();
        return image;
    }

    /// <summary>Appends the certificate table; the caller makes the file appear.</summary>
    public SignedImage Complete()
    {
        byte[] table = _pending.Table(_pkcs7!);
        Output.Write(table);
        _fileHash.AppendData(table);
        byte[] sha256 = _fileHash.GetHashAndReset();
        bool asForeseen = table.Length == _pending.TableSize;
        if (!asForeseen)
            Output.Overwrite(_pending.Image.CertificateDirectoryOffset + 4, LittleEndian(table.Length));
        if (_pending.Image.CheckSum != 0)
            sha256 = FileCheckSum.Rewrite(Output, _pending.Image.CheckSumOffset);
        else if (!asForeseen)
            sha256 = FileCheckSum.Sha256(Output);
        return new(
            Output.Path, Output.Length, Convert.ToHexStringLower(sha256),
            _identity.Hash.Name!, Convert.ToHexStringLower(_pending.IndirectData!.Digest.Span),
            _pending.Body.Length, table.Length,
            _identity.Certificate.Subject, _identity.Certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant())
        {
            RaisedImageSize = _pending.RaisedImageSize,
        };
    }

    private static byte[] LittleEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fileHash.Dispose();
        Output.Dispose();
    }
}
