using System.Security.Cryptography;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Agents;

/// <summary>
/// A key of an agent, for a process that starts for one signature and would load a cryptographic library for no more than to look at it.
/// The agent has verified the signature by this public key before it handed it out (it holds its keys as <see cref="ISigningKey"/>,
/// whose signatures all are), over the hash that it computed itself from the content it was given.
/// </summary>
public sealed class AgentSigner
{
    private readonly Func<ContentKind, string, HashAlgorithmName, ReadOnlyMemory<byte>, Func<byte[]>> _sign;

    internal AgentSigner(
        ReadOnlyMemory<byte> publicKey, Func<ContentKind, string, HashAlgorithmName, ReadOnlyMemory<byte>, Func<byte[]>> sign)
    {
        SubjectPublicKeyInfo = publicKey;
        _sign = sign;
    }

    /// <summary>DER of the public key, which the caller has to hold against the certificate.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>
    /// Has content signed. The function that comes back waits for the signature; until then this process can do something else, but ask
    /// the agent nothing more.
    /// </summary>
    /// <param name="kind">What it is.</param>
    /// <param name="name">What it is of, for the agent's log.</param>
    /// <param name="hash">Digest algorithm.</param>
    /// <param name="content">The content itself, which the agent hashes.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3870-KS3872.</exception>
    public Func<byte[]> BeginSign(ContentKind kind, string name, HashAlgorithmName hash, ReadOnlyMemory<byte> content) =>
        _sign(kind, name, hash, content);
}
