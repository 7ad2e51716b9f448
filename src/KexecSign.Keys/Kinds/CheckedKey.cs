using System.Security.Cryptography;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Kinds;

/// <summary>
/// The one kind of key that signs outside this project: each signature is verified by the public key before anybody gets it. A token
/// may be faulty, hold another key than it says, or lie; and one wrong RSA signature (a fault in one half of the CRT) gives the private
/// key away, so it is not shown either.
/// </summary>
internal sealed class CheckedKey : ISigningKey, IDisposable
{
    private readonly IUncheckedKey _key;
    private readonly KeyShape _shape;
    private readonly PublicKeyCheck _check;

    /// <param name="key">What signs; owned by this from now on.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS2033, KS2071.</exception>
    public CheckedKey(IUncheckedKey key)
    {
        _key = key;
        _shape = KeyShape.Of(key.SubjectPublicKeyInfo.Span, key.DisplayName);
        _check = new(key.SubjectPublicKeyInfo, _shape);
        if (!_check.IsPossible)
            throw KeyErrors.SignatureUncheckable.With(key.DisplayName, MlDsaSet.Of(_shape.Bits).Name);
    }

    public KeyAlgorithm Algorithm => _shape.Algorithm;

    public int KeySizeBits => _shape.Bits;

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo => _key.SubjectPublicKeyInfo;

    public string DisplayName => _key.DisplayName;

    // Never a shorter one, whoever says so: nobody has asked for less than the key is worth.
    public HashAlgorithmName DefaultHash =>
        _key.HashInstead is { } other && HashKind.Of(other).Length > HashKind.Of(UsualHash).Length ? other : UsualHash;

    public HashAlgorithmName UsualHash => _shape.DefaultHash;

    public int MaxSignatureSize => _shape.MaxSignatureSize;

    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        if (Algorithm == KeyAlgorithm.MlDsa)
            throw KeyErrors.HashNotSigned.With(DisplayName);
        KeyShape.RequireHash(hash, hashAlgorithm);
        byte[] signature = _key.SignHash(hash, hashAlgorithm, cancellation);
        return _check.HoldsForHash(hash, hashAlgorithm, signature) ? signature : throw Wrong(signature);
    }

    public byte[] SignData(ReadOnlyMemory<byte> data, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        if (!Algorithm.SignsMessages())
            return SignHash(CryptographicOperations.HashData(hashAlgorithm, data.Span), hashAlgorithm, cancellation);
        byte[] signature = _key.SignMessage(data, cancellation);
        return _check.HoldsForMessage(data.Span, signature) ? signature : throw Wrong(signature);
    }

    public byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        if (_key is not ISeeingKey seeing)
            return Algorithm.SignsMessages()
                ? SignData(what.Bytes(), hashAlgorithm, cancellation)
                : SignHash(what.Hash.Span, hashAlgorithm, cancellation);
        byte[] signature = seeing.SignContent(what, hashAlgorithm, cancellation);
        bool holds = Algorithm.SignsMessages()
            ? _check.HoldsForMessage(what.Bytes().Span, signature) : _check.HoldsForHash(what.Hash.Span, hashAlgorithm, signature);
        return holds ? signature : throw Wrong(signature);
    }

    public void Dispose()
    {
        _check.Dispose();
        (_key as IDisposable)?.Dispose();
    }

    private Formats.Errors.KexecSignException Wrong(byte[] signature) => KeyErrors.SignatureWrong.With(
        DisplayName, signature.Length, Convert.ToHexStringLower(SHA256.HashData(SubjectPublicKeyInfo.Span)));
}
