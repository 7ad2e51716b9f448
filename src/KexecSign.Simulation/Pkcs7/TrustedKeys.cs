using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary>A kernel keyring: the certificates that the kernel could parse; the others are not loaded at boot.</summary>
internal sealed class TrustedKeys
{
    private readonly ImmutableArray<KernelCertificate> _keys;

    private TrustedKeys(ImmutableArray<KernelCertificate> keys) => _keys = keys;

    public static TrustedKeys Load(ImmutableArray<X509Certificate2> certificates, KernelRelease release)
    {
        var keys = ImmutableArray.CreateBuilder<KernelCertificate>();
        foreach (X509Certificate2 certificate in certificates)
        {
            try
            {
                keys.Add(KernelCertificate.Parse(certificate.RawDataMemory, release));
            }
            catch (Refusal)
            {
                // "Problem loading in-kernel X.509 certificate": the kernel goes on without it.
            }
        }
        return new TrustedKeys(keys.DrainToImmutable());
    }

    /// <summary>
    /// <c>pkcs7_validate_trust()</c>: whether a key of this ring vouches for one of the signers; ENOKEY is false.
    /// </summary>
    /// <exception cref="Refusal">
    /// EKEYREJECTED when a key matches by name but the signature does not verify with it; ENOPKG when nobody vouches and
    /// one signer could not be checked.
    /// </exception>
    public bool Trusts(Pkcs7Message message)
    {
        bool trusted = false;
        // Seen certificates end a later signer's chain, and count only when they were verified.
        var seen = new HashSet<KernelCertificate>();
        var verified = new HashSet<KernelCertificate>();
        foreach (Pkcs7Signer signer in message.Signers)
            trusted |= !signer.Unsupported && TrustsOne(signer, seen, verified);
        if (!trusted && message.Signers.FirstOrDefault(signer => signer.Unsupported) is { } unsupported)
            throw new Refusal(KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, "", unsupported.Name, "an algorithm");
        return trusted;
    }

    private bool TrustsOne(Pkcs7Signer signer, HashSet<KernelCertificate> seen, HashSet<KernelCertificate> verified)
    {
        KernelSignature signature = signer.Signature!;
        KernelCertificate? last = null;
        var chain = new List<KernelCertificate>();
        for (KernelCertificate? current = signer.Certificate; current is not null; current = current.Signer)
        {
            if (!seen.Add(current))
                return verified.Contains(current);
            chain.Add(current);
            if (Find(current.Id, current.SubjectKeyId, out _) is { } same)
                return Vouches(same, signature, chain, verified);
            if (current.Signer == current)
                return false;
            last = current;
            if (current.Signature is null)
                return false;
            signature = current.Signature;
        }
        if (last is not null && (last.AuthorityId is not null || last.AuthorityKeyId is not null))
        {
            if (Find(last.AuthorityId, last.AuthorityKeyId, out bool half) is { } issuer)
                return Vouches(issuer, signature, chain, verified);
            if (half)
            {
                throw new Refusal(
                    KernelErrno.EKEYREJECTED, KexecRules.Chain, "", last.Subject,
                    "its authority key identifier names a trusted certificate by number and another by key");
            }
        }
        return Find(signer.KeyId, null, out _) is { } direct && Vouches(direct, signer.Signature!, [], verified);
    }

    private static bool Vouches(KernelCertificate key, KernelSignature signature, List<KernelCertificate> chain,
        HashSet<KernelCertificate> verified)
    {
        try
        {
            key.Key.Verify(signature, key.Subject);
        }
        catch (Refusal refusal)
        {
            throw new Refusal(KernelErrno.EKEYREJECTED, KexecRules.SignatureWrong, "", signature.Of, key.Subject, refusal.Message);
        }
        verified.UnionWith(chain);
        return true;
    }

    // find_asymmetric_key(): the first identifier finds the key, a second one must be its subject key identifier.
    private KernelCertificate? Find(byte[]? first, byte[]? second, out bool half)
    {
        byte[]? wanted = first ?? second;
        KernelCertificate? key = _keys.FirstOrDefault(
            candidate => KernelCertificate.Same(candidate.Id, wanted) || KernelCertificate.Same(candidate.SubjectKeyId, wanted));
        half = key is not null && first is not null && second is not null && !KernelCertificate.Same(key.SubjectKeyId, second);
        return half ? null : key;
    }
}
