using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Keys;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.External;
using KexecSign.Running;

namespace KexecSign.Signing;

/// <summary>A key that signs, its certificate and chain, and the digest it signs with.</summary>
/// <param name="Key">The private key.</param>
/// <param name="Certificates">The signer's certificate first, then its chain.</param>
/// <param name="Hash">Digest algorithm.</param>
internal sealed record SigningIdentity(ISigningKey Key, IReadOnlyList<X509Certificate2> Certificates, HashAlgorithmName Hash)
{
    /// <summary>The signing time to claim; null for none.</summary>
    public DateTimeOffset? SigningTime { get; init; }

    /// <summary>The signer's certificate.</summary>
    public X509Certificate2 Certificate => Certificates[0];

    /// <summary>How a SignerInfo names the algorithm.</summary>
    public SignatureScheme Scheme => Key.Algorithm == KeyAlgorithm.Rsa ? SignatureScheme.RsaPkcs1 : SignatureScheme.Ecdsa;

    /// <summary>Opens key and certificate and checks that they belong together.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010 when one is not named, KS3022, KS2xxx.</exception>
    public static SigningIdentity Open(string operation, SigningOptions options, RunContext context)
    {
        string keyReference = options.Key ?? throw OperationErrors.OptionMissing.With(operation, "--key");
        string certificateReference = options.Certificate ?? throw OperationErrors.OptionMissing.With(operation, "--cert");
        IReadOnlyList<X509Certificate2> certificates = context.Keyring.OpenCertificates(certificateReference, options.Pin, context.Cancellation);
        ISigningKey key = context.Keyring.OpenKey(keyReference, options.Pin, context.Cancellation);
        CertificateMatch.Require(key, certificates[0]);
        return Checked(key, certificates, options.Digest);
    }

    /// <summary>Someone who signs elsewhere: all that is here is the certificate.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3022, KS2xxx.</exception>
    public static SigningIdentity Elsewhere(IReadOnlyList<X509Certificate2> certificates, string? digest) =>
        Checked(new AbsentKey(certificates[0]), certificates, digest);

    /// <summary>The digest algorithm of an option's value.</summary>
    public static HashAlgorithmName? HashNamed(string? digest) => digest switch
    {
        null => null,
        "sha256" => HashAlgorithmName.SHA256,
        "sha384" => HashAlgorithmName.SHA384,
        "sha512" => HashAlgorithmName.SHA512,
        _ => throw OperationErrors.OptionValue.With("digest", digest, "sha256, sha384, sha512"),
    };

    private static SigningIdentity Checked(ISigningKey key, IReadOnlyList<X509Certificate2> certificates, string? digest)
    {
        if (key.Algorithm == KeyAlgorithm.Rsa && key.KeySizeBits is < 2048 or > 4096)
            throw OperationErrors.KeyTooSmall.With(key.KeySizeBits);
        return new(key, certificates, HashNamed(digest) ?? key.DefaultHash);
    }
}
