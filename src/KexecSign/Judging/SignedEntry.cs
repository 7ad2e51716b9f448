using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Judging.Chains;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Judging;

/// <summary>Who asks OpenSSL about a signature, and where its question stands in its source.</summary>
/// <param name="Rules">How its OpenSSL builds chains.</param>
/// <param name="Verify">File and function that verifies a signature.</param>
/// <param name="Who">Its name and version.</param>
internal sealed record Asker(ChainRules Rules, string Verify, string Who)
{
    /// <summary>shim.</summary>
    public static Asker Shim { get; } =
        new(ChainRules.Shim, "shim Cryptlib/Pk/CryptAuthenticode.c, AuthenticodeVerify()", "shim 16.1");

    /// <summary>EDK2.</summary>
    public static Asker Firmware(FirmwareModel model) =>
        new(ChainRules.Of(model), "EDK2 CryptAuthenticode.c, AuthenticodeVerify()", $"firmware ({model.Word})");
}

/// <summary>An entry of the certificate table as firmware and shim take it: the questions that both ask OpenSSL about it.</summary>
internal sealed class SignedEntry
{
    private const string EcdsaPrefix = "1.2.840.10045.";

    // OpenSSL's words for a signer that has nothing to do with the certificate; all others are about a rule that was broken on the way.
    private static readonly string[] Strangers =
    [
        "unable to get local issuer certificate", "self-signed certificate", "self-signed certificate in certificate chain",
        "self signed certificate", "self signed certificate in certificate chain",
    ];

    private readonly Asker _asker;
    private readonly SignatureChains _chains;
    private readonly int _index;

    private SignedEntry(int index, ReadOnlyMemory<byte> der, Asker asker)
    {
        _index = index;
        _asker = asker;
        Signature = AuthenticodeSignature.Decode(der);
        _chains = new(der, Signature);
    }

    /// <summary>The signature.</summary>
    public AuthenticodeSignature Signature { get; }

    /// <summary>The signers' certificates.</summary>
    public IEnumerable<X509Certificate2> Signers => _chains.Signers;

    /// <summary>Whether every signer's certificate is in the signature.</summary>
    public bool HasAllSigners => _chains.HasAllSigners;

    /// <summary>How people know the signer.</summary>
    public string SignerName => _chains.Signers.FirstOrDefault() is { } signer ? CertificateNames.Of(
        signer) : "a certificate that is not included";

    /// <summary>Reads an entry.</summary>
    /// <exception cref="KexecSignException">KS15xx: it is no Authenticode signature.</exception>
    public static SignedEntry Read(int index, ReadOnlyMemory<byte> der, Asker asker) => new(index, der, asker);

    /// <summary>Whether a certificate vouches for it and for this digest of the image.</summary>
    public bool IsVouchedForBy(X509Certificate2 certificate, byte[] digest) =>
        Signed(digest) && HasKnownKeys && _chains.Refusal(certificate, _asker.Rules) is null;

    /// <summary>
    /// Refuses what no certificate would change: another digest, an algorithm that the consumer lacks, a signature that is wrong.
    /// </summary>
    /// <exception cref="KexecSignException">KS4102, KS4103, KS4105, KS4114.</exception>
    public void Require(byte[] digest)
    {
        if (!Signed(digest))
            throw VerifyErrors.DigestDiffers.With(_index, Convert.ToHexStringLower(Signature.IndirectData.Digest.Span),
                Convert.ToHexStringLower(digest), _asker.Verify);
        RequireAlgorithm();
        if (!_chains.Hold)
            throw VerifyErrors.SignatureWrong.With(_index, SignerName, _asker.Verify);
        if (!_chains.ListsDigests)
            throw VerifyErrors.DigestNotListed.With(_index, string.Join(", ", Signature.DigestAlgorithms), Signature.SignerHash.Name);
    }

    /// <summary>Refuses algorithms that the consumer's OpenSSL is built without.</summary>
    /// <exception cref="KexecSignException">KS4105.</exception>
    public void RequireAlgorithm()
    {
        if (Oids.IsMlDsa(Signature.SignatureAlgorithm))
            throw VerifyErrors.FirmwareWantsRsa.With(_index, $"ML-DSA ({Signature.SignatureAlgorithm})", _asker.Who, Takes);
        if (!HasKnownKeys)
            throw VerifyErrors.FirmwareWantsRsa.With(_index, Signature.SignatureAlgorithm, _asker.Who, Takes);
    }

    /// <summary>
    /// The refusal of an entry for which none of the certificates vouches: by the rule that was broken on the way, if one was.
    /// </summary>
    public KexecSignException NotTrusted(ImmutableArray<X509Certificate2> certificates)
    {
        foreach (X509Certificate2 certificate in certificates)
        {
            if (_chains.Refusal(certificate, _asker.Rules) is { } refusal && !Strangers.Contains(refusal))
                return VerifyErrors.ChainRefused.With(_index, SignerName, CertificateNames.Of(certificate), refusal, _asker.Verify);
        }
        return VerifyErrors.NotTrusted.With(_index, SignerName, certificates.Length, _asker.Verify);
    }

    /// <summary>What is weak about it, though the consumer takes it.</summary>
    public IEnumerable<string> Weaknesses()
    {
        if (Signature.IndirectData.Hash == HashAlgorithmName.SHA1 || Signature.SignerHash == HashAlgorithmName.SHA1)
            yield return $"signature {_index} is over SHA-1, for which collisions can be made";
        foreach (X509Certificate2 signer in _chains.Signers)
        {
            using RSA? key = signer.GetRSAPublicKey();
            if (key is { KeySize: < 2048 })
                yield return $"signature {_index} is by a key of RSA-{key.KeySize}, which can be broken or soon will be";
        }
    }

    private string Takes => _asker.Rules.HasCurves ? "RSA and ECDSA" : "RSA";

    private bool HasKnownKeys => !Oids.IsMlDsa(Signature.SignatureAlgorithm)
        && (_asker.Rules.HasCurves || !Signature.SignatureAlgorithm.StartsWith(EcdsaPrefix, StringComparison.Ordinal))
        && _chains.Signers.All(_asker.Rules.MaySign);

    // The last bytes of the content, whatever algorithm it names.
    private bool Signed(byte[] digest) => Signature.Content.Span.EndsWith(digest);
}
