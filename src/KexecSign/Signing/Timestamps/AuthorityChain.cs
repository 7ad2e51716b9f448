using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Signing.Timestamps;

/// <summary>The certificates that lead from a timestamp's signer to an authority that is trusted.</summary>
internal static class AuthorityChain
{
    // That a chain ends at a certificate which is trusted here, and at no root, is how trust is given here.
    private const X509ChainStatusFlags NoMatter =
        X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation;

    /// <summary>
    /// The chain, its signer first and the trusted certificate last; null when it leads to none. Where nobody is named the chain as far as
    /// it goes.
    /// </summary>
    /// <param name="signer">Who signed the timestamp.</param>
    /// <param name="companions">Certificates that the timestamp brings along.</param>
    /// <param name="trusted">The authorities; none to take anybody.</param>
    /// <param name="time">When it was made, UTC.</param>
    public static ImmutableArray<X509Certificate2>? Of(X509Certificate2 signer, X509Certificate2Collection companions,
        ImmutableArray<X509Certificate2> trusted, DateTime time)
    {
        if (trusted.Any(t => Same(t, signer)))
            return [signer];
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted.ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(companions);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        chain.Build(signer);
        var links = ImmutableArray.CreateBuilder<X509Certificate2>();
        foreach (X509ChainElement element in chain.ChainElements)
        {
            links.Add(element.Certificate);
            if (trusted.Any(t => Same(t, element.Certificate)))
                return links.ToImmutable();
            if (!trusted.IsEmpty && element.ChainElementStatus.Any(s => (s.Status & ~NoMatter) != 0))
                return null;
        }
        return trusted.IsEmpty ? links.ToImmutable() : null;
    }

    private static bool Same(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);
}
