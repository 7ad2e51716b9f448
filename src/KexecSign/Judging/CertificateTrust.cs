using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Judging;

/// <summary>
/// Trust as firmware and kernel keyrings mean it: a signer is trusted when it, or a certificate that issued it, is among the
/// trusted ones. Validity dates, key usage and revocation lists play no part there, and a trusted certificate need not be a root.
/// Walked here and not by X509Chain, which reads all certificates of the system before it looks at those that it is given.
/// </summary>
internal static class CertificateTrust
{
    // A signature may carry thousands of certificates of one name; a chain takes a handful of checks.
    private const int MaxChecks = 256;

    /// <summary>The trusted certificate that a signer leads to, or null.</summary>
    public static X509Certificate2? Find(X509Certificate2 signer, ImmutableArray<X509Certificate2> companions, ImmutableArray<X509Certificate2> trusted)
    {
        ImmutableArray<X509Certificate2> issuers = trusted.AddRange(companions);
        // What leads nowhere by one way leads nowhere by another, so each is looked at once.
        var reached = new List<X509Certificate2> { signer };
        int checks = 0;
        for (int i = 0; i < reached.Count; i++)
        {
            X509Certificate2 certificate = reached[i];
            foreach (X509Certificate2 anchor in trusted)
            {
                if (Same(anchor, certificate))
                    return anchor;
            }
            byte[] wanted = certificate.IssuerName.RawData;
            foreach (X509Certificate2 issuer in issuers)
            {
                if (!issuer.SubjectName.RawData.AsSpan().SequenceEqual(wanted) || reached.Exists(r => Same(r, issuer)))
                    continue;
                if (checks++ == MaxChecks)
                    return null;
                if (SignatureHolds(issuer, certificate))
                    reached.Add(issuer);
            }
        }
        return null;
    }

    private static bool Same(X509Certificate2 one, X509Certificate2 other) => one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    private static bool SignatureHolds(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        try
        {
            AsnReader parts = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence();
            ReadOnlyMemory<byte> signed = parts.ReadEncodedValue();
            // PKCS#1 v1.5 or ECDSA: which of the two it is, the issuer's key says.
            if (HashKind.OfSignature(parts.ReadSequence().ReadObjectIdentifier())?.Name is not { } hash)
                return ChainHolds(issuer, certificate);
            byte[] signature = parts.ReadBitString(out _);
            using RSA? rsa = issuer.GetRSAPublicKey();
            if (rsa is not null)
                return rsa.VerifyData(signed.Span, signature, hash, RSASignaturePadding.Pkcs1);
            using ECDsa? ecdsa = issuer.GetECDsaPublicKey();
            return ecdsa is not null && ecdsa.VerifyData(signed.Span, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception broken) when (broken is AsnContentException or CryptographicException)
        {
            return false;
        }
    }

    // RSA-PSS and what is newer.
    private static bool ChainHolds(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllFlags;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.Build(certificate);
        return chain.ChainElements.Count > 1 && Same(chain.ChainElements[1].Certificate, issuer)
            && !chain.ChainElements[0].ChainElementStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid));
    }
}
