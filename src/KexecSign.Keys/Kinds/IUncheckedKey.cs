using System.Security.Cryptography;

namespace KexecSign.Keys.Kinds;

/// <summary>
/// A private key as a token or a file offers it: nobody has looked yet at what it makes. Only <see cref="CheckedKey"/> may ask it.
/// </summary>
internal interface IUncheckedKey
{
    /// <summary>DER of the public half that the signatures must hold by.</summary>
    ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>As <see cref="ISigningKey.DisplayName"/>.</summary>
    string DisplayName { get; }

    /// <summary>The hash to sign with when nobody says one; null for the one that the key's size suggests.</summary>
    HashAlgorithmName? HashInstead => null;

    /// <summary>As <see cref="ISigningKey.SignHash"/>; nothing is verified.</summary>
    byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation);

    /// <summary>ML-DSA over a message; nothing is verified. Never asked of other keys.</summary>
    byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation);
}

/// <summary>A key that wants to see what it signs.</summary>
internal interface ISeeingKey : IUncheckedKey
{
    /// <summary>As <see cref="ISigningKey.SignContent"/>; nothing is verified.</summary>
    byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation);
}
