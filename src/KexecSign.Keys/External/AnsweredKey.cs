using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.External;

/// <summary>
/// A key that is somewhere else and has signed already: its answers are at hand. They are verified like those of any other key.
/// </summary>
public sealed class AnsweredKey : ISeeingKey
{
    private readonly Func<ContentToSign, HashAlgorithmName, byte[]> _answer;

    private AnsweredKey(X509Certificate2 certificate, Func<ContentToSign, HashAlgorithmName, byte[]> answer)
    {
        _answer = answer;
        DisplayName = certificate.Subject;
        SubjectPublicKeyInfo = certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <inheritdoc/>
    public string DisplayName { get; }

    /// <summary>Makes one.</summary>
    /// <param name="certificate">By which its signatures must hold.</param>
    /// <param name="answer">The signature over a hash; raises what is wrong when there is none.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS2033, KS2071.</exception>
    public static ISigningKey Of(X509Certificate2 certificate, Func<ContentToSign, HashAlgorithmName, byte[]> answer)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new CheckedKey(new AnsweredKey(certificate, answer));
    }

    byte[] IUncheckedKey.SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        byte[] bytes = hash.ToArray();
        return _answer(new(ContentKind.Digest, bytes, () => bytes), hashAlgorithm);
    }

    byte[] IUncheckedKey.SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        throw new NotSupportedException("answers are over hashes");

    byte[] ISeeingKey.SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
        _answer(what, hashAlgorithm);
}
