using KexecSign.Keys.Kinds;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Signing;

/// <summary>What a signed image consists of, in numbers; offsets and sizes in bytes, digests in lower-case hex.</summary>
/// <param name="File">Where it was written.</param>
/// <param name="Size">Length of the file.</param>
/// <param name="Sha256">SHA-256 of the whole file; empty where nobody reads it (<see cref="AnswerUse"/>).</param>
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

    /// <summary>How many signatures there were before, and are still.</summary>
    public int Kept { get; init; }
}

/// <summary>
/// Signs one image: prepare and hash while writing a temporary file, sign, append the table. Prepared and finished apart, so
/// that a batch hashes everything before it touches the token.
/// </summary>
internal sealed class ImageSigning : IDisposable
{
    private readonly PendingSignature _pending;
    private readonly SigningIdentity _identity;
    private readonly ImmutableArray<HashAlgorithmName> _algorithms;
    private readonly FileSum? _sum;
    private readonly RunContext _context;
    private readonly byte[] _toBeSigned;
    private ImmutableArray<IncrementalHash> _fileHashes;
    private byte[]? _pkcs7;

    private ImageSigning(
        PendingSignature pending, SigningIdentity identity, OutputFile output, ImmutableArray<HashAlgorithmName> algorithms,
        ImmutableArray<IncrementalHash> fileHashes, FileSum? sum, byte[] imageDigest, RunContext context)
    {
        _context = context;
        _pending = pending;
        _identity = identity;
        Output = output;
        _algorithms = algorithms;
        _fileHashes = fileHashes;
        _sum = sum;
        _toBeSigned = pending.ToBeSigned(imageDigest);
    }

    /// <summary>The output, which appears when <see cref="Finish"/> is called.</summary>
    public OutputFile Output { get; }

    /// <summary>
    /// Writes the body to the output's temporary file, and in the same pass computes the image digest, the file's and the checksum.
    /// </summary>
    /// <param name="pending">What is to be signed.</param>
    /// <param name="identity">Who signs.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="context">Run context.</param>
    /// <param name="whole">Digests of the whole file that are wanted, in this order.</param>
    /// <param name="step">The step of a batch that this is part of; null for one of its own.</param>
    public static ImageSigning Begin(
        PendingSignature pending, SigningIdentity identity, OutputFile output, RunContext context,
            ImmutableArray<HashAlgorithmName> whole, IRunStep? step = null)
    {
        if (step is not null)
            return BeginWithin(step, pending, identity, output, context, whole);
        using IRunStep own = context.Log.Step($"hash and write {Path.GetFileName(output.Path)}", pending.Body.Length);
        return BeginWithin(own, pending, identity, output, context, whole);
    }

    private static ImageSigning BeginWithin(
        IRunStep step, PendingSignature pending, SigningIdentity identity, OutputFile output, RunContext context,
            ImmutableArray<HashAlgorithmName> whole)
    {
        bool summed = pending.Image.CheckSum != 0;
        FileSum? sum = summed ? new() : null;
        Layout body = summed ? pending.Body.OverwriteUInt32(pending.Image.CheckSumOffset, 0) : pending.Body;
        // A file's hash begins with its headers, which hold the checksum of all that follows: it can only be computed afterwards.
        ImmutableArray<HashRequest> wanted = summed ? [pending.ImageHash] : [pending.ImageHash, .. Whole(whole, body)];
        ImmutableArray<IncrementalHash> hashes =
            LayoutPass.Run(body, output, wanted.AsSpan(), step, context.Cancellation, sum is null ? null : sum.Add);
        byte[] imageDigest = hashes[0].GetHashAndReset();
        hashes[0].Dispose();
        return new(pending, identity, output, whole, hashes[1..], sum, imageDigest, context);
    }

    /// <summary>The image digest, as computed while writing.</summary>
    public ReadOnlyMemory<byte> ImageDigest => _pending.IndirectData!.Digest;

    /// <summary>The digests of the whole file that were wanted, in their order; there when the file is complete.</summary>
    public ImmutableArray<byte[]> FileDigests { get; private set; } = [];

    /// <summary>Has the key sign, and a server timestamp the signature.</summary>
    public void Sign(RunContext context, Timestamper? timestamper = null)
    {
        byte[] signature = _identity.SignContent(
            ContentKind.Authenticode, _toBeSigned, () => _pending.Attributes!.Der, context.Cancellation, Output.Path);
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
        _sum?.Add(table);
        foreach (IncrementalHash hash in _fileHashes)
            hash.AppendData(table);
        ImmutableArray<byte[]> digests = LayoutPass.Finish(_fileHashes);
        _fileHashes = [];
        if (Settle(table.Length))
            digests = FileHashes();
        FileDigests = digests;
        int sha256 = _algorithms.IndexOf(HashAlgorithmName.SHA256);
        return new(
            Output.Path, Output.Length, sha256 < 0 ? "" : Convert.ToHexStringLower(digests[sha256]),
            _identity.Hash.Name!, Convert.ToHexStringLower(_pending.IndirectData!.Digest.Span),
            _pending.Body.Length, table.Length,
            _identity.Certificate.Subject, _identity.Certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant())
        {
            RaisedImageSize = _pending.RaisedImageSize,
            Kept = _pending.KeptCount,
        };
    }

    // Whether bytes changed of which a hash is wanted that was begun already, or could not be.
    private bool Settle(int tableSize)
    {
        bool asForeseen = tableSize == _pending.TableSize;
        if (!asForeseen)
        {
            int at = _pending.Image.CertificateDirectoryOffset + 4;
            Output.Overwrite(at, LittleEndian(tableSize));
            _sum?.Replace(at, LittleEndian(_pending.TableSize), LittleEndian(tableSize));
        }
        if (_sum is not null)
            Output.Overwrite(_pending.Image.CheckSumOffset, LittleEndian(unchecked((int)_sum.Value())));
        return (!asForeseen || _sum is not null) && !_algorithms.IsEmpty;
    }

    private ImmutableArray<byte[]> FileHashes()
    {
        using IRunStep step = _context.Log.Step($"hash {Path.GetFileName(Output.Path)}", Output.Length);
        Layout written = Output.ToLayout();
        return LayoutPass.Finish(LayoutPass.Run(written, null, Whole(_algorithms, written), step, _context.Cancellation));
    }

    private static HashRequest[] Whole(ImmutableArray<HashAlgorithmName> algorithms, Layout layout)
    {
        var requests = new HashRequest[algorithms.Length];
        for (int i = 0; i < algorithms.Length; i++)
            requests[i] = HashRequest.Whole(algorithms[i], layout);
        return requests;
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
        foreach (IncrementalHash hash in _fileHashes)
            hash.Dispose();
        Output.Dispose();
    }
}
