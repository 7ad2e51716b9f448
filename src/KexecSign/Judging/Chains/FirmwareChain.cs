namespace KexecSign.Judging.Chains;

/// <summary>
/// OpenSSL 3 as EDK2 calls it (CryptPkcs7VerifyCommon.c, Pkcs7Verify()): crypto/x509/x509_vfy.c, build_chain(), check_extensions(),
/// internal_verify(), check_name_constraints(). The store is looked at first; all certificates of the chain are checked, those above the
/// trusted one too when that is the signer itself. What OpenSSL 1.1 did otherwise, the rules say.
/// </summary>
internal sealed class FirmwareChain(ChainLink signer, IReadOnlyList<ChainLink> companions, ChainLink anchor, ChainRules rules)
    : CertificateChain(signer, companions, anchor, rules)
{
    // X509_supported_extension(), built without RFC 3779.
    private static readonly HashSet<string> Supported =
    [
        "2.16.840.1.113730.1.1", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.31", "2.5.29.37", "1.3.6.1.5.5.7.48.1.5",
        "2.5.29.36", "1.3.6.1.5.5.7.1.14", "2.5.29.30", "2.5.29.33", "2.5.29.54",
    ];

    /// <inheritdoc/>
    public override string? Refusal() => BuildRefusal() ?? ExtensionsRefusal() ?? SignaturesRefusal() ?? ConstraintsRefusal();

    /// <inheritdoc/>
    protected override bool IsSelfSigned(ChainLink link) =>
        !IsBroken(link) && link.IsSelfIssued && link.MayBeIssuedBy(link) && link.FitsKeyOf(link);

    private bool IsBroken(ChainLink link) => link.IsBroken || (Rules.WantsUsage && link.KeyUsage == 0)
        || (Rules.WantsAuthorityForPath && link is { PathLength: > 0, IsAuthority: false });

    private bool IsIssued(ChainLink link, ChainLink issuer) =>
        !IsBroken(issuer) && !IsBroken(link) && link.MayBeIssuedBy(issuer) && link.FitsKeyOf(issuer);

    private string? BuildRefusal()
    {
        List<ChainLink> left = [.. Companions];
        bool lookAtCompanions = true;
        while (true)
        {
            ChainLink last = Links[^1];
            bool isSelfSigned = IsSelfSigned(last);
            if (Links.Count <= MaxDepth + 1 && IsIssued(last, Anchor))
            {
                if (!isSelfSigned)
                {
                    Links.Add(Anchor);
                    return null;
                }
                // One that only has the names of the trusted one is no issuer.
                if (last.Is(Anchor))
                    return null;
            }
            if (!lookAtCompanions)
                break;
            ChainLink? issuer = isSelfSigned || Links.Count > MaxDepth + 1
                ? null
                : left.FirstOrDefault(c => IsIssued(last, c) && ((last.IsSelfIssued && Links.Count == 1) || !Links.Exists(l => l.Is(c))));
            if (issuer is null)
            {
                lookAtCompanions = false;
                continue;
            }
            left.Remove(issuer);
            Links.Add(issuer);
        }
        // Partial chains: the signer itself may be trusted, and all that was gathered above it stays.
        if (Links.Count <= MaxDepth + 1 && Links[0].Is(Anchor))
            return null;
        return Links.Count > MaxDepth + 1 ? "certificate chain too long"
            : !IsSelfSigned(Links[^1]) ? "unable to get local issuer certificate"
            : Links.Count == 1 ? "self-signed certificate" : "self-signed certificate in certificate chain";
    }

    private string? ExtensionsRefusal()
    {
        int length = 0;
        for (int i = 0; i < Links.Count; i++)
        {
            ChainLink link = Links[i];
            if (link.CriticalExtensions.Any(e => !Supported.Contains(e)))
                return "unhandled critical extension";
            int authority = link.Authority(IsSelfSigned(link));
            if (i > 0 && (authority == 0 || (i + 1 < Links.Count && authority != 1)))
                return "invalid CA certificate";
            if (i > 1 && link.PathLength is { } most && length > most)
                return "path length constraint exceeded";
            if (i > 0 && !link.IsSelfIssued)
                length++;
        }
        return null;
    }

    private string? SignaturesRefusal()
    {
        for (int i = Links.Count - 2; i >= 0; i--)
        {
            if (Links[i + 1].MayNotSign)
                return "key usage does not include certificate signing";
            if (!SignatureHolds(Links[i + 1], Links[i]))
                return "certificate signature failure";
        }
        return null;
    }
}
