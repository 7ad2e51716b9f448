using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;

namespace KexecSign.Judging.Policies;

/// <summary>Holds signatures against the rules that a policy has for them, whatever they are signatures of.</summary>
/// <param name="policy">The policy.</param>
/// <param name="roles">Whose certificates each role has.</param>
/// <param name="findings">Where the findings go.</param>
/// <param name="context">Run context.</param>
internal sealed class SignatureRules(PolicyDocument policy, TrustedRoles roles, PolicyFindings findings, RunContext context)
{
    /// <summary>Judges by a rule what it is about.</summary>
    public void Check(SignatureRule rule, ImmutableArray<FoundSignature> found)
    {
        string name = "signatures." + rule.Name;
        if (found.IsEmpty)
        {
            if (rule.Required)
                findings.Broken(name + ".required", VerifyErrors.PolicySignatureMissing, "there is none");
            return;
        }
        if (rule.Required)
            findings.Holds(name + ".required", $"there {Are(found.Length)}");
        if (rule.AtMost is { } most)
            findings.Judge(name + ".atMost", VerifyErrors.PolicySignatureMissing, found.Length <= most,
                $"there {Are(found.Length)}, and at most {most} may be there");
        foreach ((FoundSignature signature, int index) in found.Select((s, i) => (s, i)))
            CheckSignature(rule, name, signature, found.Length == 1 ? "" : $"signature {index}: ");
    }

    private static string Are(int count) => count == 1 ? "is 1" : $"are {count}";

    private void CheckSignature(SignatureRule rule, string name, FoundSignature signature, string which)
    {
        string signer = signature.Signer?.Subject ?? "a certificate that was not given";
        if (!signature.Holds)
            findings.Broken(name + ".holds", VerifyErrors.PolicySignatureWrong,
                $"{which}the signature of {signer} does not hold for this file");
        if (rule.Keys is { } keys)
            findings.Judge(name + ".keys", VerifyErrors.PolicyKey, keys.Any(key => IsBy(signature, key)),
                $"{which}signed by {signer}{Ids(signature.Signer)}, allowed: {Listed(keys)}");
        if (rule.Digests is { } digests)
            findings.Judge(name + ".digests", VerifyErrors.PolicyAlgorithm, digests.Contains(signature.Digest),
                $"{which}the digest is {signature.Digest}, allowed: {Listed(digests)}");
        if (rule.Algorithms is { } algorithms)
            findings.Judge(name + ".algorithms", VerifyErrors.PolicyAlgorithm, algorithms.Contains(signature.Algorithm),
                $"{which}the key is {signature.Algorithm}, allowed: {Listed(algorithms)}");
        if (rule.ValidDays is { } days)
        {
            DateTime now = context.Clock.GetUtcNow().UtcDateTime;
            bool valid = signature.Signer is { } c && c.NotBefore.ToUniversalTime() <= now
                && c.NotAfter.ToUniversalTime() >= now.AddDays(days);
            findings.Judge(name + ".validDays", VerifyErrors.PolicyExpiry, valid, signature.Signer is null
                ? $"{which}{signer} signed"
                : $"{which}the certificate of {signer} is valid from {signature.Signer.NotBefore.ToUniversalTime():yyyy-MM-dd} to "
                    + $"{signature.Signer.NotAfter.ToUniversalTime():yyyy-MM-dd}, {days} day(s) from {now:yyyy-MM-dd} are asked for");
        }
    }

    // By role: the signer is one of the certificates, or one of them issued it. By fingerprint: the certificate or its public key, hashed
    // here.
    private bool IsBy(FoundSignature signature, string key)
    {
        if (signature.Signer is not { } signer)
            return false;
        ImmutableArray<X509Certificate2>? role = key switch
        {
            "db" => [.. roles.Db, .. roles.Lists.Allowed.Certificates],
            "mok" => roles.Lists.OwnerCertificates,
            "kexec" => roles.Kexec,
            "ima" => roles.Ima,
            "module" => roles.Module,
            _ => null,
        };
        return role is { } certificates
            ? CertificateTrust.Find(signer, signature.Companions, certificates) is not null
            : FoundSignature.Fingerprints(signer).Contains(key);
    }

    /// <summary>What is named in a rule's list is allowed by it; nothing else is by silence.</summary>
    public void CheckStrength(string name, ImmutableArray<FoundSignature> found)
    {
        SignatureRule? rule = policy.Signatures.FirstOrDefault(s => s.Name == name);
        foreach (FoundSignature signature in found)
        {
            if (policy.AllowsWeak)
                return;
            if (signature.WeakDigest is { } digest && rule?.Digests?.Contains(signature.Digest) != true)
                findings.Broken($"weak.{name}", VerifyErrors.PolicyWeak, digest);
            if (signature.Signer is not null && signature.WeakKey is { } key && rule?.Algorithms?.Contains(signature.Algorithm) != true)
                findings.Broken($"weak.{name}", VerifyErrors.PolicyWeak, key);
        }
    }

    /// <summary>A list as findings say it.</summary>
    public static string Listed(ImmutableArray<string> allowed) =>
        allowed.IsEmpty ? "none, because the list is empty" : string.Join(", ", allowed);

    private static string Ids(X509Certificate2? certificate) =>
        certificate is null
            ? ""
            : $" (SHA-256 of the certificate {FoundSignature.Fingerprints(certificate)[0]}, of the public key "
                + $"{FoundSignature.Fingerprints(certificate)[1]})";
}
