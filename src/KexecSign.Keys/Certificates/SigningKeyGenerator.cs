using KexecSign.Formats.Vocabulary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

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
        return _key.Algorithm switch
        {
            KeyAlgorithm.Rsa => AlgorithmIdentifier(HashKind.Of(hashAlgorithm).RsaOid, parameters: true),
            KeyAlgorithm.Ecdsa => AlgorithmIdentifier(HashKind.Of(hashAlgorithm).EcdsaOid, parameters: false),
            KeyAlgorithm.MlDsa => AlgorithmIdentifier(MlDsaSet.Of(_key.KeySizeBits).Oid, parameters: false),
        };
    }

    /// <inheritdoc/>
    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => _key.SignData(data, hashAlgorithm, _cancellation);

    private static byte[] AlgorithmIdentifier(string oid, bool parameters)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            if (parameters)
                writer.WriteNull();
        }
        return writer.Encode();
    }
}
