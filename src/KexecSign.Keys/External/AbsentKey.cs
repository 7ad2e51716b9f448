using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.External;

/// <summary>
/// A key that is somewhere else: all that is known of it is its certificate, which is enough to foresee how long its
/// signatures are. It cannot sign here.
/// </summary>
public sealed class AbsentKey : ISigningKey
{
    private readonly KeyShape _shape;
    private readonly Action<ContentToSign, HashAlgorithmName>? _note;

    /// <summary>Takes the key's shape from its certificate; raises KS2033 for a key that the kernel would not take.</summary>
    public AbsentKey(X509Certificate2 certificate)
    {
        DisplayName = certificate.Subject;
        SubjectPublicKeyInfo = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        _shape = KeyShape.Of(SubjectPublicKeyInfo.Span, DisplayName);
    }

    /// <summary>
    /// The same for a rehearsal: what it is asked to sign is noted, and bytes of a signature's length and form are given back that hold for
    /// nothing.
    /// </summary>
    public AbsentKey(X509Certificate2 certificate, Action<ContentToSign, HashAlgorithmName> note)
        : this(certificate) => _note = note;

    /// <inheritdoc/>
    public KeyAlgorithm Algorithm => _shape.Algorithm;

    /// <inheritdoc/>
    public int KeySizeBits => _shape.Bits;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <inheritdoc/>
    public string DisplayName { get; }

    /// <inheritdoc/>
    public HashAlgorithmName DefaultHash => _shape.DefaultHash;

    /// <inheritdoc/>
    public int MaxSignatureSize => _shape.MaxSignatureSize;

    /// <summary>Only to be called in a rehearsal: whoever else holds one of these takes signatures from elsewhere.</summary>
    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        byte[] bytes = hash.ToArray();
        return SignContent(new(ContentKind.Digest, bytes, () => bytes), hashAlgorithm, cancellation);
    }

    /// <inheritdoc/>
    public byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(what);
        Action<ContentToSign, HashAlgorithmName> note = _note ?? throw new NotSupportedException("the key is elsewhere");
        KeyShape.RequireHash(what.Hash.Span, hashAlgorithm);
        note(what, hashAlgorithm);
        return Algorithm switch
        {
            KeyAlgorithm.Rsa or KeyAlgorithm.MlDsa => Filler(MaxSignatureSize),
            KeyAlgorithm.Ecdsa => EcdsaDer.FromRaw(Filler(2 * _shape.NumberLength))!,
        };
    }

    private static byte[] Filler(int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(0x7F);
        return bytes;
    }
}
