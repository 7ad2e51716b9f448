using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Judging.Chains;

namespace KexecSign.Judging;

/// <summary>
/// Trust where no firmware or kernel judges, as in timestamps: a signer is trusted when it, or a certificate that issued it, is among the
/// trusted ones, by the rules of OpenSSL for chains of authorities. Dates play no part here, and a trusted certificate need not be a root.
/// </summary>
internal static class CertificateTrust
{
    /// <summary>The trusted certificate that a signer leads to, or null.</summary>
    public static X509Certificate2? Find(X509Certificate2 signer, ImmutableArray<X509Certificate2> companions,
        ImmutableArray<X509Certificate2> trusted)
    {
        if (ChainLink.Of(signer) is not { } link)
            return null;
        ImmutableArray<ChainLink> beside = [.. companions.Select(ChainLink.Of).OfType<ChainLink>()];
        return trusted.FirstOrDefault(t => ChainLink.Of(t) is { } anchor
            && new FirmwareChain(link, beside, anchor, ChainRules.Machine).Refusal() is null);
    }
}
