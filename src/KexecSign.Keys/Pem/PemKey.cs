using System.Security.Cryptography;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Pem;

/// <summary>A private key from a file: for tests, never for releases.</summary>
internal sealed class PemKey : IUncheckedKey, IDisposable
{
    private readonly AsymmetricAlgorithm _key;
    // The BCL does not promise that one RSA or ECDsa object may be used by several threads.
    private readonly Lock _lock = new();

    /// <param name="key">RSA or ECDsa; owned by this from now on.</param>
    /// <param name="displayName">Name for logs.</param>
    public PemKey(AsymmetricAlgorithm key, string displayName)
    {
        _key = key;
        DisplayName = displayName;
        SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo();
    }

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    public string DisplayName { get; }

    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return _key is RSA rsa
                ? rsa.SignHash(hash.ToArray(), hashAlgorithm, RSASignaturePadding.Pkcs1)
                : ((ECDsa)_key).SignHash(hash.ToArray(), DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        throw new NotSupportedException("RSA and ECDSA sign hashes");

    public void Dispose() => _key.Dispose();
}
