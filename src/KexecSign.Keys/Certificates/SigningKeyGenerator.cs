using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Keys.Certificates;

/// <summary>Lets <see cref="CertificateRequest"/> make certificates whose signature comes from an <see cref="ISigningKey"/>.</summary>
public sealed class SigningKeyGenerator : X509SignatureGenerator
{
    private readonly ISigningKey _key;
    private readonly CancellationToken _cancellation;

    /// <summary>Makes a generator.</summary>
    /// <param name="key">The issuer's key.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    public SigningKeyGenerator(ISigningKey key, CancellationToken cancellation = default)
    {
        _key = key;
        _cancellation = cancellation;
    }

    /// <inheritdoc/>
    protected override PublicKey BuildPublicKey() => PublicKey.CreateFromSubjectPublicKeyInfo(_key.SubjectPublicKeyInfo.Span, out _);

    /// <inheritdoc/>
    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
    {
        // RFC 4055 section 5 (parameters NULL) and RFC 5758 section 3.2 (parameters absent).
        (string rsa, string ecdsa) = hashAlgorithm.Name switch
        {
            "SHA384" => ("1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"),
            "SHA512" => ("1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"),
            _ => ("1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"),
        };
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(_key.Algorithm == KeyAlgorithm.Rsa ? rsa : ecdsa);
            if (_key.Algorithm == KeyAlgorithm.Rsa)
                writer.WriteNull();
        }
        return writer.Encode();
    }

    /// <inheritdoc/>
    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
    {
        byte[] hash = hashAlgorithm.Name switch
        {
            "SHA384" => SHA384.HashData(data),
            "SHA512" => SHA512.HashData(data),
            _ => SHA256.HashData(data),
        };
        return _key.SignHash(hash, hashAlgorithm, _cancellation);
    }
}
