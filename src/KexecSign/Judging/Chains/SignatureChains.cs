using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;

namespace KexecSign.Judging.Chains;

/// <summary>
/// What PKCS7_verify() says of an Authenticode signature when one certificate is trusted, as EDK2 and shim ask it in AuthenticodeVerify():
/// each of its signers must be there, lead to that certificate, and have signed.
/// </summary>
internal sealed class SignatureChains
{
    private readonly ImmutableArray<ChainLink> _companions;
    private readonly ImmutableArray<Pkcs7Signer> _signers;
    private readonly ImmutableArray<ChainLink?> _named;
    private readonly ReadOnlyMemory<byte> _content;
    private readonly bool _listsDigests;
    private string? _arithmetic;
    private bool _isComputed;

    /// <summary>Takes a signature apart.</summary>
    /// <exception cref="KexecSignException">KS1506.</exception>
    public SignatureChains(ReadOnlyMemory<byte> pkcs7, AuthenticodeSignature signature)
    {
        try
        {
            _companions = [.. signature.Certificates.Select(ChainLink.Of).OfType<ChainLink>()];
            _signers = Pkcs7Signer.All(pkcs7);
            _named = [.. _signers.Select(s => _companions.FirstOrDefault(c => c.IsNamed(s.Issuer, s.Serial)))];
            _content = SpcIndirectData.HashedOctets(signature.Content);
            _listsDigests = _signers.All(s => signature.DigestAlgorithms.Contains(s.Digest));
        }
        catch (AsnContentException broken)
        {
            throw FormatErrors.NotAuthenticode.Because(broken, "a broken SignerInfo", Oids.SignedData);
        }
    }

    /// <summary>The signers' certificates, as far as they are in the signature.</summary>
    public IEnumerable<X509Certificate2> Signers => _named.OfType<ChainLink>().Select(l => l.Certificate);

    /// <summary>Whether every signer's certificate is in the signature.</summary>
    public bool HasAllSigners => !_named.IsEmpty && _named.All(l => l is not null);

    /// <summary>Whether digestAlgorithms, by which OpenSSL chooses what it computes, names the digest of every signer.</summary>
    public bool ListsDigests => _listsDigests;

    /// <summary>Whether every signature is right by the certificate that it names; nothing of whom that leads to.</summary>
    public bool Hold
    {
        get
        {
            if (!_isComputed)
                _arithmetic = Arithmetic();
            _isComputed = true;
            return _arithmetic is null;
        }
    }

    /// <summary>Why a certificate does not vouch for the signature, in OpenSSL's words; null when it does.</summary>
    /// <param name="anchor">The certificate.</param>
    /// <param name="rules">Who asks.</param>
    public string? Refusal(X509Certificate2 anchor, ChainRules rules)
    {
        if (ChainLink.Of(anchor) is not { } trusted)
            return "the trusted certificate cannot be read";
        if (!HasAllSigners)
            return "signer certificate not found";
        foreach (ChainLink? link in _named)
        {
            CertificateChain chain = rules.IsShim
                ? new ShimChain(link!, _companions, trusted)
                : new FirmwareChain(link!, _companions, trusted, rules);
            if (chain.Refusal() is { } refusal)
                return refusal;
        }
        return Hold ? _listsDigests ? null : "no matching digest type found" : _arithmetic;
    }

    private string? Arithmetic()
    {
        for (int i = 0; i < _named.Length; i++)
        {
            if (_named[i] is not { } link)
                return "signer certificate not found";
            if (!_signers[i].Holds(link.Certificate, _content.Span))
                return "signature failure";
        }
        return null;
    }
}
