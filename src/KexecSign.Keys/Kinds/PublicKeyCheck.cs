using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Keys.Kinds;

/// <summary>
/// Verifies by one public key, from several threads at a time: the base class library promises that for no single object.
/// </summary>
internal sealed class PublicKeyCheck(ReadOnlyMemory<byte> subjectPublicKeyInfo, KeyShape shape) : IDisposable
{
    private readonly ConcurrentBag<IDisposable> _idle = [];

    /// <summary>Whether this machine can verify by such a key; ML-DSA came with OpenSSL 3.5.</summary>
    public bool IsPossible => shape.Algorithm != KeyAlgorithm.MlDsa || MLDsa.IsSupported;

    /// <summary>Whether a signature over a hash holds.</summary>
    public bool HoldsForHash(ReadOnlySpan<byte> hash, HashAlgorithmName algorithm, ReadOnlySpan<byte> signature)
    {
        IDisposable key = Take();
        try
        {
            return key switch
            {
                RSA rsa => rsa.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pkcs1),
                ECDsa ecdsa => ecdsa.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            _idle.Add(key);
        }
    }

    /// <summary>Whether an ML-DSA signature over a message holds.</summary>
    public bool HoldsForMessage(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        IDisposable key = Take();
        try
        {
            return key is MLDsa mlDsa && signature.Length == shape.MaxSignatureSize && mlDsa.VerifyData(message, signature);
        }
        finally
        {
            _idle.Add(key);
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out IDisposable? key))
            key.Dispose();
    }

    private IDisposable Take()
    {
        if (_idle.TryTake(out IDisposable? known))
            return known;
        PublicKey key = PublicKey.CreateFromSubjectPublicKeyInfo(subjectPublicKeyInfo.Span, out _);
        return shape.Algorithm switch
        {
            KeyAlgorithm.Rsa => key.GetRSAPublicKey()!,
            KeyAlgorithm.Ecdsa => key.GetECDsaPublicKey()!,
            KeyAlgorithm.MlDsa => MLDsa.ImportMLDsaPublicKey(MlDsaSet.Of(shape.Bits).Algorithm, key.EncodedKeyValue.RawData),
        };
    }
}
