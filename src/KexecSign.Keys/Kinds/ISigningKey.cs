using System.Security.Cryptography;

namespace KexecSign.Keys.Kinds;

/// <summary>The kind of a key, which decides the signature's form.</summary>
public enum KeyAlgorithm
{
    /// <summary>RSA; signatures are PKCS#1 v1.5, big-endian, as long as the modulus.</summary>
    Rsa,

    /// <summary>ECDSA; signatures are DER <c>SEQUENCE { r INTEGER, s INTEGER }</c> (X9.62), as kernel and CMS want them.</summary>
    Ecdsa,

    /// <summary>
    /// ML-DSA (FIPS 204), pure and with an empty context: it signs messages, never hashes. Linux 7.0 verifies it; firmware does not.
    /// </summary>
    MlDsa,
}

/// <summary>
/// A private key that signs and never shows itself: in a PKCS#11 token, or in a PEM file for tests.
/// Safe to use from several threads at a time.
/// </summary>
public interface ISigningKey
{
    /// <summary>RSA, ECDSA or ML-DSA.</summary>
    KeyAlgorithm Algorithm { get; }

    /// <summary>Modulus length (RSA) or field size (ECDSA), in bits; for ML-DSA the number of its parameter set: 44, 65 or 87.</summary>
    int KeySizeBits { get; }

    /// <summary>DER SubjectPublicKeyInfo of the public half; used to check that a certificate belongs to this key.</summary>
    ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>Name for logs and reports: never holds a PIN, a <c>pin-value</c> or a <c>pin-source</c>.</summary>
    string DisplayName { get; }

    /// <summary>
    /// The hash to sign with when nobody says one: <see cref="UsualHash"/>, or a longer one where the key's token says that it does not
    /// take that.
    /// </summary>
    HashAlgorithmName DefaultHash { get; }

    /// <summary>
    /// The hash that suits the key: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521 and for what ML-DSA signs (RFC 9882).
    /// </summary>
    HashAlgorithmName UsualHash => DefaultHash;

    /// <summary>Upper bound of a signature's length in bytes (ECDSA signatures vary by a few bytes).</summary>
    int MaxSignatureSize { get; }

    /// <summary>Signs a hash that was computed already.</summary>
    /// <param name="hash">The hash; its length fits <paramref name="hashAlgorithm"/>.</param>
    /// <param name="hashAlgorithm">SHA-256, SHA-384 or SHA-512.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    /// <returns>The signature in the form that <see cref="KeyAlgorithm"/> names.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS2036; KS2038 for ML-DSA.</exception>
    byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation);

    /// <summary>Signs bytes: RSA and ECDSA hash them first, ML-DSA takes them as they are.</summary>
    /// <param name="data">What the signature is over.</param>
    /// <param name="hashAlgorithm">SHA-256, SHA-384 or SHA-512; of no effect for ML-DSA.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    /// <returns>The signature in the form that <see cref="KeyAlgorithm"/> names.</returns>
    byte[] SignData(ReadOnlyMemory<byte> data, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
        SignHash(CryptographicOperations.HashData(hashAlgorithm, data.Span), hashAlgorithm, cancellation);

    /// <summary>Signs content of which it is said what it is: a key that is held by another process is shown the content.</summary>
    /// <param name="what">Kind, name, hash and bytes.</param>
    /// <param name="hashAlgorithm">Algorithm of the hash.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    /// <returns>The signature in the form that <see cref="KeyAlgorithm"/> names.</returns>
    byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
        Algorithm.SignsMessages()
            ? SignData(what.Bytes(), hashAlgorithm, cancellation)
            : SignHash(what.Hash.Span, hashAlgorithm, cancellation);
}

/// <summary>Content for a key to sign.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Bytes">The content itself; asked for only when it is needed.</param>
public sealed record ContentToSign(ContentKind Kind, ReadOnlyMemory<byte> Hash, Func<ReadOnlyMemory<byte>> Bytes)
{
    /// <summary>What it is of, for people; null when nobody said.</summary>
    public string? Name { get; init; }
}
