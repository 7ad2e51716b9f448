using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Modules;

namespace KexecSign.Judging.Policies;

/// <summary>Holds a module against a policy: its appended signature as the kernel does, then what the policy asks of who signed.</summary>
internal static class ModulePolicy
{
    /// <summary>Judges a module.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="module">The module.</param>
    /// <param name="roles">Whose certificates each role has.</param>
    /// <param name="step">Told of the progress.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS1423, KS4141-KS4143: what the kernel would refuse; KS4166.</exception>
    public static (byte[] Digest, ImmutableArray<PolicyFinding> Findings) Judge(
        PolicyDocument policy, ModuleFile module, TrustedRoles roles, IRunStep step, RunContext context)
    {
        SignatureRule rule = policy.Modules ?? throw VerifyErrors.PolicySilent.With("modules", "'signatures.module'");
        (byte[] digest, HashAlgorithmName hash, X509Certificate2 signer) =
            ModuleCheck.Require(module, roles.Module, step, context.Cancellation);
        var found = new FoundSignature(FoundSignature.Name(hash), signer, Holds: true, HasTime: false);
        var findings = new PolicyFindings();
        var rules = new SignatureRules(policy, roles, findings, context);
        rules.Check(rule, [found]);
        rules.CheckStrength(rule.Name, [found]);
        if (policy.Reproducible)
            findings.Judge("reproducible", VerifyErrors.PolicyReproducible, found.IsDeterministic,
                $"a signature by a key of {found.Algorithm} is {(found.IsDeterministic ? "the same" : "another one")} each time");
        return (digest, findings.All);
    }
}
