using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Verification;

/// <summary>
/// Trust as firmware and kernel keyrings mean it: a signer is trusted when it, or a certificate that issued it, is among the
/// trusted ones. Validity dates, key usage and revocation lists play no part there, and a trusted certificate need not be a root.
/// </summary>
internal static class CertificateTrust
{
    /// <summary>The trusted certificate that a signer leads to, or null.</summary>
    public static X509Certificate2? Find(X509Certificate2 signer, ImmutableArray<X509Certificate2> companions, ImmutableArray<X509Certificate2> trusted)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted.ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(companions.ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllFlags;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.Build(signer);
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (element.ChainElementStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid)))
                return null;
            X509Certificate2? found = trusted.FirstOrDefault(t => t.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span));
            if (found is not null)
                return found;
        }
        return null;
    }
}
