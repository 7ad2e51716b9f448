namespace KexecSign.Judging.Chains;

/// <summary>
/// Whether a signer leads to a trusted certificate, by the rules of the OpenSSL that a consumer is built with, called as it calls it: one
/// certificate in the store, those of the signature beside it, partial chains, no dates, any purpose. Not by X509Chain, whose rules and
/// stores are those of this machine.
/// </summary>
internal abstract class CertificateChain
{
    // The verifier's default depth (crypto/x509/x509_vpm.c).
    protected const int MaxDepth = 100;

    // A signature may carry thousands of certificates that fit each other; the checks of a chain are at most this many.
    private const int MaxChecks = 4096;

    private readonly Dictionary<(ChainLink, ChainLink), bool> _holds = [];
    private int _checks;

    protected CertificateChain(ChainLink signer, IReadOnlyList<ChainLink> companions, ChainLink anchor, ChainRules rules)
    {
        Rules = rules;
        Links = [signer];
        Companions = companions;
        Anchor = anchor;
    }

    /// <summary>The chain so far, the signer first.</summary>
    protected List<ChainLink> Links { get; }

    /// <summary>The certificates that travel with the signature.</summary>
    protected IReadOnlyList<ChainLink> Companions { get; }

    /// <summary>The one certificate in the store.</summary>
    protected ChainLink Anchor { get; }

    /// <summary>What this OpenSSL does otherwise than others.</summary>
    protected ChainRules Rules { get; }

    /// <summary>Why the chain is refused, in OpenSSL's words; null when it is not.</summary>
    public abstract string? Refusal();

    /// <summary>Whether a certificate has issued itself by name, key identifiers and kind of signature.</summary>
    protected abstract bool IsSelfSigned(ChainLink link);

    /// <summary>The first refusal by name constraints of certificates above, in the whole chain.</summary>
    protected string? ConstraintsRefusal()
    {
        for (int i = Links.Count - 1; i >= 0; i--)
        {
            // Those on the way that changed their key keep their name.
            if (i != 0 && Links[i].IsSelfIssued)
                continue;
            for (int j = Links.Count - 1; j > i; j--)
            {
                if (Links[j].Constraints is { } constraints && constraints.Refusal(Links[i].Subject) is { } refusal)
                    return refusal;
            }
        }
        return null;
    }

    /// <summary>Whether an issuer's key made a certificate's signature (X509_verify()).</summary>
    protected bool SignatureHolds(ChainLink issuer, ChainLink link)
    {
        if (_holds.TryGetValue((issuer, link), out bool known))
            return known;
        bool holds = Rules.MayIssue(issuer.Certificate) && _checks++ < MaxChecks
            && CertificateSignature.Holds(issuer.Certificate, link.Certificate);
        _holds.Add((issuer, link), holds);
        return holds;
    }
}
