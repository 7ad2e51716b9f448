namespace KexecSign.Judging.Chains;

/// <summary>
/// OpenSSL 1.0.2 as shim 16 calls it (Cryptlib/Pk/CryptPkcs7Verify.c, Pkcs7Verify() and X509VerifyCb()): crypto/x509/x509_vfy.c,
/// X509_verify_cert(), check_trust(), check_chain_extensions(), internal_verify(). The certificates of the signature come first, then the
/// store; extensions are looked at below the trusted certificate only.
/// </summary>
internal sealed class ShimChain(ChainLink signer, IReadOnlyList<ChainLink> companions, ChainLink anchor)
    : CertificateChain(signer, companions, anchor, ChainRules.Shim)
{
    private static readonly HashSet<string> Supported =
    [
        "2.16.840.1.113730.1.1", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.37", "2.5.29.36", "1.3.6.1.5.5.7.1.14",
        "2.5.29.30", "2.5.29.33", "2.5.29.54",
    ];

    private int _untrusted = 1;

    /// <inheritdoc/>
    public override string? Refusal() => BuildRefusal() ?? ExtensionsRefusal() ?? ConstraintsRefusal() ?? SignaturesRefusal();

    /// <inheritdoc/>
    protected override bool IsSelfSigned(ChainLink link) => link.IsSelfIssued && IsIssued(link, link);

    private static bool IsIssued(ChainLink link, ChainLink issuer) => link.MayBeIssuedBy(issuer) && !issuer.MayNotSign;

    private string? BuildRefusal()
    {
        ExtendByCompanions();
        ChainLink? selfSigned = null;
        // Those of the chain that may yet get another issuer.
        int left = Links.Count;
        while (true)
        {
            if (IsSelfSigned(Links[^1]))
            {
                if (Links.Count == 1)
                {
                    if (!IsIssued(Links[0], Anchor) || !Links[0].Is(Anchor))
                        return "self signed certificate";
                    _untrusted = 0;
                }
                else
                {
                    selfSigned = Links[^1];
                    Links.RemoveAt(Links.Count - 1);
                    _untrusted--;
                    left--;
                }
            }
            ExtendByStore();
            if (_untrusted < Links.Count)
                return null;
            if (Links[0].Is(Anchor))
            {
                _untrusted = 0;
                return null;
            }
            bool retry = false;
            while (!retry && left-- > 1)
            {
                if (!IsIssued(Links[left - 1], Anchor))
                    continue;
                Links.RemoveRange(left, Links.Count - left);
                _untrusted = Links.Count;
                retry = true;
            }
            if (!retry)
                break;
        }
        if (selfSigned is not null && IsIssued(Links[^1], selfSigned))
            return "self signed certificate in certificate chain";
        // X509VerifyCb() takes a chain that ends with the trusted certificate although its issuer is missing.
        return Links[^1].Is(Anchor) ? null : "unable to get local issuer certificate";
    }

    private void ExtendByCompanions()
    {
        List<ChainLink> left = [.. Companions];
        while (Links.Count <= MaxDepth && !IsSelfSigned(Links[^1]))
        {
            ChainLink last = Links[^1];
            ChainLink? issuer = left.Find(c => IsIssued(last, c));
            if (issuer is null)
                return;
            left.Remove(issuer);
            Links.Add(issuer);
            _untrusted++;
        }
    }

    private void ExtendByStore()
    {
        while (Links.Count <= MaxDepth && !IsSelfSigned(Links[^1]) && IsIssued(Links[^1], Anchor))
            Links.Add(Anchor);
    }

    private string? ExtensionsRefusal()
    {
        int length = 0;
        for (int i = 0; i < _untrusted; i++)
        {
            ChainLink link = Links[i];
            if (link.CriticalExtensions.Any(e => !Supported.Contains(e)))
                return "unhandled critical extension";
            if (i > 0 && link.Authority(IsSelfSigned(link)) == 0)
                return "invalid CA certificate";
            if (i > 1 && !link.IsSelfIssued && link.PathLength is { } most && length > most + 1)
                return "path length constraint exceeded";
            if (!link.IsSelfIssued)
                length++;
        }
        return null;
    }

    private string? SignaturesRefusal()
    {
        for (int i = Links.Count - 2; i >= 0; i--)
        {
            if (!SignatureHolds(Links[i + 1], Links[i]))
                return "certificate signature failure";
        }
        return null;
    }
}
