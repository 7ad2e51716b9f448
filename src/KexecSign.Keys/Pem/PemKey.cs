using System.Collections.Concurrent;
using System.Security.Cryptography;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Pem;

/// <summary>A private key from a file: for tests, never for releases.</summary>
internal sealed class PemKey : IUncheckedKey, IDisposable
{
    private readonly AsymmetricAlgorithm _key;
    // The BCL does not promise that one RSA or ECDsa object may be used by several threads: who finds it taken works with a copy.
    private readonly Lock _lock = new();
    private readonly ConcurrentBag<AsymmetricAlgorithm> _copies = [];

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
        if (!_lock.TryEnter())
            return SignByCopy(hash, hashAlgorithm);
        try
        {
            return Sign(_key, hash, hashAlgorithm);
        }
        finally
        {
            _lock.Exit();
        }
    }

    public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        throw new NotSupportedException("RSA and ECDSA sign hashes");

    public void Dispose()
    {
        while (_copies.TryTake(out AsymmetricAlgorithm? copy))
            copy.Dispose();
        _key.Dispose();
    }

    private byte[] SignByCopy(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm)
    {
        if (!_copies.TryTake(out AsymmetricAlgorithm? copy))
        {
            lock (_lock)
            {
                copy = TryCopy(_key);
                if (copy is null)
                    return Sign(_key, hash, hashAlgorithm);
            }
        }
        try
        {
            return Sign(copy, hash, hashAlgorithm);
        }
        finally
        {
            _copies.Add(copy);
        }
    }

    private static byte[] Sign(AsymmetricAlgorithm key, ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm) => key is RSA rsa
        ? rsa.SignHash(hash.ToArray(), hashAlgorithm, RSASignaturePadding.Pkcs1)
        : ((ECDsa)key).SignHash(hash.ToArray(), DSASignatureFormat.Rfc3279DerSequence);

    // Null for a key that the library reads and does not write; then one thread signs at a time.
    private static AsymmetricAlgorithm? TryCopy(AsymmetricAlgorithm key)
    {
        AsymmetricAlgorithm copy = key is RSA ? RSA.Create() : ECDsa.Create();
        byte[] secret = [];
        try
        {
            secret = key.ExportPkcs8PrivateKey();
            copy.ImportPkcs8PrivateKey(secret, out _);
            return copy;
        }
        catch (CryptographicException)
        {
            copy.Dispose();
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
