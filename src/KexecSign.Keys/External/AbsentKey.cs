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

    /// <summary>Takes the key's shape from its certificate; raises KS2033 for a key that the kernel would not take.</summary>
    public AbsentKey(X509Certificate2 certificate)
    {
        DisplayName = certificate.Subject;
        SubjectPublicKeyInfo = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        _shape = KeyShape.Of(SubjectPublicKeyInfo.Span, DisplayName);
    }

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

    /// <summary>Never to be called: whoever holds one of these takes signatures from elsewhere.</summary>
    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
        throw new NotSupportedException("the key is elsewhere");
}
