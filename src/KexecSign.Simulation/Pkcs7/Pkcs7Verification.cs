using System.Collections.Immutable;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary><c>pkcs7_verify()</c>: whether a message is right in itself, before any keyring is asked.</summary>
internal static class Pkcs7Verification
{
    private static readonly byte[] SetTag = [0x31];

    /// <summary>Checks digests, signatures and the chain inside the message; links each certificate to its signer.</summary>
    /// <exception cref="Refusal">EKEYREJECTED, EBADMSG, EINVAL, or ENOPKG when no signer can be checked.</exception>
    public static void Verify(Pkcs7Message message)
    {
        if (message.DataType != Pkcs7Parser.IndirectData)
            throw new Refusal(KernelErrno.EKEYREJECTED, KexecRules.NotAuthenticode, "PKCS7: Invalid kexec sig (not Authenticode)",
                message.DataType);
        Refusal? unsupported = null;
        bool verified = false;
        foreach (Pkcs7Signer signer in message.Signers)
        {
            try
            {
                VerifyOne(message, signer);
                verified = true;
            }
            catch (Refusal refusal) when (refusal.Errno == KernelErrno.ENOPKG)
            {
                signer.Unsupported = true;
                unsupported = refusal;
            }
        }
        if (!verified && unsupported is not null)
            throw unsupported;
    }

    private static void VerifyOne(Pkcs7Message message, Pkcs7Signer signer)
    {
        signer.Signature = Digest(message, signer);
        signer.Certificate = message.Certificates.FirstOrDefault(certificate => KernelCertificate.Same(certificate.Id, signer.KeyId));
        if (signer.Certificate is null)
            return;
        signer.Signature = signer.Signature with { Of = signer.Name };
        if (signer.Attributes?.SigningTime is { } time && (time < signer.Certificate.NotBefore || time > signer.Certificate.NotAfter))
        {
            throw new Refusal(
                KernelErrno.EKEYREJECTED, KexecRules.SigningTime, "PKCS7: Message signed outside of X.509 validity window",
                time, signer.Certificate.NotBefore, signer.Certificate.NotAfter);
        }
        signer.Certificate.Key.Verify(signer.Signature, signer.Name);
        VerifyChain(message.Certificates, signer);
    }

    private static KernelSignature Digest(Pkcs7Message message, Pkcs7Signer signer)
    {
        byte[] digest = signer.Hash.Over(message.DataOctets), signed = [];
        if (signer.Attributes is { } attributes)
        {
            if (attributes.MessageDigest.Length != digest.Length)
                throw Mismatch(KernelErrno.EBADMSG, $"PKCS7: Sig {signer.Index}: Invalid digest size ({attributes.MessageDigest.Length})");
            if (!attributes.MessageDigest.AsSpan().SequenceEqual(digest))
                throw Mismatch(KernelErrno.EKEYREJECTED, $"PKCS7: Sig {signer.Index}: Message digest doesn't match");
            digest = signer.Hash.Over(SetTag, attributes.Encoded);
            signed = [.. SetTag, .. attributes.Encoded.Span];
        }
        return new KernelSignature
        {
            KeyAlgorithm = signer.KeyAlgorithm,
            Hash = signer.Hash,
            Digest = digest,
            Message = signed,
            Value = signer.Value,
            Of = signer.Name,
        };

        Refusal Mismatch(KernelErrno errno, string line) => new(
            errno, KexecRules.MessageDigest, line, signer.Index,
            Convert.ToHexStringLower(signer.Attributes!.MessageDigest), Convert.ToHexStringLower(digest));
    }

    private static void VerifyChain(ImmutableArray<KernelCertificate> certificates, Pkcs7Signer signer)
    {
        var seen = new HashSet<KernelCertificate>();
        KernelCertificate current = signer.Certificate!;
        while (true)
        {
            seen.Add(current);
            if (current.SelfSigned)
            {
                current.Signer = current;
                return;
            }
            KernelCertificate? issuer = FindIssuer(certificates, current, signer);
            if (issuer is null || seen.Contains(issuer))
                return;
            if (current.Signature is null)
                throw new Refusal(KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, "", "the certificate " + current.Subject, "SHA-224");
            issuer.Key.Verify(current.Signature, issuer.Subject);
            current.Signer = issuer;
            current = issuer;
        }
    }

    // Without an authority key identifier there is nothing to look for, even when the issuer's name is in the message.
    private static KernelCertificate? FindIssuer(ImmutableArray<KernelCertificate> certificates, KernelCertificate current,
        Pkcs7Signer signer)
    {
        if (current.AuthorityId is null)
            return certificates.FirstOrDefault(candidate => KernelCertificate.Same(candidate.SubjectKeyId, current.AuthorityKeyId));
        KernelCertificate? issuer = certificates.FirstOrDefault(candidate => KernelCertificate.Same(candidate.Id, current.AuthorityId));
        if (issuer is not null && current.AuthorityKeyId is not null
            && !KernelCertificate.Same(issuer.SubjectKeyId, current.AuthorityKeyId))
        {
            throw new Refusal(
                KernelErrno.EKEYREJECTED, KexecRules.Chain, $"PKCS7: Sig {signer.Index}: X.509 chain contains auth-skid nonmatch",
                current.Subject, "its authority key identifier names two different certificates");
        }
        return issuer;
    }
}
