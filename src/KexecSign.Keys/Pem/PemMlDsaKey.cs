using System.Security.Cryptography;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Pem;

/// <summary>An ML-DSA key from a file; needs an OpenSSL that has ML-DSA.</summary>
internal sealed class PemMlDsaKey : IUncheckedKey, IDisposable
{
    private readonly MLDsa _key;
    private readonly MlDsaSet _set;
    private readonly Lock _lock = new();

    private PemMlDsaKey(MLDsa key, string displayName)
    {
        _key = key;
        DisplayName = displayName;
        _set = MlDsaSet.Of(key.Algorithm);
        SubjectPublicKeyInfo = _set.SubjectPublicKeyInfo(key.ExportMLDsaPublicKey());
    }

    /// <summary>Takes PKCS#8 (RFC 9881 section 6: seed, expanded key or both); raises KS2054 where OpenSSL is too old.</summary>
    /// <param name="der">The PrivateKeyInfo.</param>
    /// <param name="set">Its parameter set.</param>
    /// <param name="path">Where it is from.</param>
    /// <param name="displayName">Name for logs.</param>
    public static PemMlDsaKey Import(byte[] der, MlDsaSet set, string path, string displayName)
    {
        if (!MLDsa.IsSupported)
            throw KeyErrors.MlDsaUnsupported.With(path, set.Name);
#pragma warning disable SYSLIB5006 // Experimental only because RFC 9881 was a draft when .NET 10 was made; it is final and is what OpenSSL 3.5 writes.
        return new(MLDsa.ImportPkcs8PrivateKey(der), displayName);
#pragma warning restore SYSLIB5006
    }

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    public string DisplayName { get; }

    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
        throw new NotSupportedException("ML-DSA signs messages");

    public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        byte[] signature = new byte[_set.SignatureLength];
        lock (_lock)
            _key.SignData(message.Span, signature);
        return signature;
    }

    public void Dispose() => _key.Dispose();
}
