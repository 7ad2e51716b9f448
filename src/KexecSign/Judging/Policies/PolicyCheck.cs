using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Parsers;

namespace KexecSign.Judging.Policies;

/// <summary>Holds an image against a policy: each rule is judged, and the finding names it.</summary>
internal sealed class PolicyCheck
{
    private readonly ImmutableArray<PolicyFinding>.Builder _findings = ImmutableArray.CreateBuilder<PolicyFinding>();
    private readonly PolicyDocument _policy;
    private readonly JudgedFile _file;
    private readonly TrustedRoles _roles;
    private readonly RunContext _context;

    private PolicyCheck(PolicyDocument policy, JudgedFile file, TrustedRoles roles, RunContext context)
    {
        _policy = policy;
        _file = file;
        _roles = roles;
        _context = context;
    }

    /// <summary>
    /// Whom a policy trusts: the certificates that it names by role, and of those that the file brings along the ones whose fingerprint it
    /// lists for the outer or inner signature. A fingerprint says which certificate it is, so it may come from anywhere.
    /// </summary>
    /// <exception cref="KexecSignException">A certificate cannot be read.</exception>
    public static TrustedRoles Trusted(PolicyDocument policy, JudgedFile file, RunContext context)
    {
        PolicyCertificates named = policy.Certificates;
        TrustedRoles roles = TrustedRoles.Of(named.Db, named.Kexec, named.Ima, context) with
        {
            Any = TrustedCertificates.Open(named.Any, context),
            Authorities = TrustedCertificates.Open(named.Tsa, context),
            Lists = VerifyLists.None with { OwnerCertificates = TrustedCertificates.Open(named.Mok, context) },
        };
        try
        {
            return roles with
            {
                Db = [.. roles.Db, .. Listed(policy, "outer", () => FoundSignature.OfImage(file.Content, file.Digests))],
                Kexec = [.. roles.Kexec, .. Listed(policy, "inner", () => Inner(file, context))],
            };
        }
        // Then nobody is found by it; the rule itself says what is wrong.
        catch (KexecSignException refused) when (Failure.IsAnswer(refused))
        {
            return roles;
        }
    }

    /// <summary>Judges a file.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="file">The file.</param>
    /// <param name="roles">Whom to trust, <see cref="Trusted"/> among them.</param>
    /// <param name="context">Run context.</param>
    /// <param name="kitWasHeld">In a build, whether there is a kit, which was then held against the policy; null where nobody knows the
    /// kit.</param>
    /// <exception cref="KexecSignException">The file cannot be read, or KS3330.</exception>
    public static PolicyReport Judge(PolicyDocument policy, JudgedFile file, TrustedRoles roles, RunContext context,
        bool? kitWasHeld = null)
    {
        var check = new PolicyCheck(policy, file, roles, context);
        try
        {
            check.CheckKit(kitWasHeld);
            check.Run();
            // Whoever asks for nothing else asks for what a finished file cannot show. No finding is no yes.
            if (check._findings.Count == 0)
                check.Broken("kits", VerifyErrors.PolicyKit, "a finished file does not show which one it was linked with");
        }
        catch (KexecSignException refused)
        {
            throw refused.In(file.Path);
        }
        return new(policy.Path, policy.Sha256, file.Sha256, check._findings.ToImmutable());
    }

    private static ImmutableArray<FoundSignature> Inner(JudgedFile file, RunContext context) =>
        file.Kernel.IsUnpacked || file.Kernel.IsUnified ? FoundSignature.OfImage(file.Kernel.Open(), new(file.Kernel.Open(), context)) : [];

    private static IEnumerable<X509Certificate2> Listed(PolicyDocument policy, string name, Func<ImmutableArray<FoundSignature>> found)
    {
        ImmutableArray<string> keys = policy.Signatures.FirstOrDefault(s => s.Name == name)?.Keys ?? [];
        return keys.IsEmpty ? [] : found().Select(s => s.Signer).OfType<X509Certificate2>().Where(c => FoundSignature.Fingerprints(c)
            .Any(keys.Contains));
    }

    private void Run()
    {
        CheckConsumers();
        // s390 and powerpc kernels are no PE images, and only their consumers have rules.
        if (OtherKernels.Know(_policy.Architecture))
            return;
        PeImage image = _file.Image;
        if (_policy.Architecture is { } architecture)
            Judge("architecture", VerifyErrors.PolicyArchitecture, PeConstants.MachineName(image.Machine) == architecture,
                $"the image is for {PeConstants.MachineName(image.Machine)}, {architecture} is asked for");
        if (_policy.Releases is { } releases)
            CheckRelease(releases);
        // For rules about who signed; for verdicts the short form is settled by the consumers asked.
        TrustedRoles roles = _roles with
        {
            Db = [.. _roles.Db, .. _roles.Any],
            Kexec = [.. _roles.Kexec, .. _roles.Any],
            Ima = [.. _roles.Ima, .. _roles.Any],
        };
        var signatures = new Dictionary<string, ImmutableArray<FoundSignature>>
        {
            ["outer"] = FoundSignature.OfImage(_file.Content, _file.Digests),
            ["inner"] = Inner(_file, _context),
            ["ima"] = FoundSignature.OfIma(_file, roles.Ima, _context),
        };
        foreach (SignatureRule rule in _policy.Signatures)
            CheckSignatures(rule, signatures[rule.Name], roles);
        foreach ((string name, ImmutableArray<FoundSignature> found) in signatures)
            CheckStrength(name, found);
        if (_policy.Sbat is not null)
            CheckSbat(_policy.Sbat, image, _file.Content);
        if (_policy.Parser is not null)
            CheckParser(_policy.Parser, image, _file.Content);
        if (_policy.Reproducible)
            CheckReproducible(image, _file.Content, [.. signatures.Values.SelectMany(s => s)]);
    }

    private void CheckKit(bool? wasHeld)
    {
        if (_policy.Kits.IsEmpty && _policy.KitSigners.IsEmpty)
            return;
        if (wasHeld == true)
            Holds("kits", "the kit is one that is allowed");
        // Only what is no zboot image by its magic is exempt: whatever else stands in the file, its stub may come out of a kit.
        else if (wasHeld == false && (_file.Kernel.IsUnpacked || ZbootHeader.IsZboot(KnownImage.HeadOf(_file.Content))))
            Broken("kits", VerifyErrors.PolicyKit, "the image is a zboot image whose kit is not given");
        else if (wasHeld is null)
            _context.Log.Warning($"{_policy.Path}: its rules for kits are held where an image is built; of a finished one nobody can tell");
    }

    private void CheckConsumers()
    {
        if (_policy.MustAccept is not { } asked)
            return;
        if (asked.IsEmpty)
        {
            Broken("consumers", VerifyErrors.PolicyConsumer, "'consumers' names nobody, and a list that is empty allows nothing");
            return;
        }
        VerifyOptions options = new()
        {
            File = _file.Path,
            Consumers = asked,
            Architecture = _policy.Architecture,
            Kernel = _policy.Kernel ?? KernelVersions.OfPolicies,
            Firmware = _policy.Firmware,
            ExpiredFails = _policy.ExpiredFails,
            Applied = true,
        };
        foreach (Verdict verdict in ImageVerification.Judge(_file, options, _roles, _context).Verdicts)
        {
            // Without certificates every signature would do, and an answer that is no yes is none: a gate must not be open by oversight.
            if (verdict.Answer == Answer.Accepts)
                Holds("consumers." + verdict.Who, verdict.Reason);
            else
                Broken("consumers." + verdict.Who, VerifyErrors.PolicyConsumer, $"{verdict.Says}: {verdict.Why}");
        }
    }

    private void CheckRelease(ImmutableArray<string> allowed)
    {
        string? version = KernelVersions.Own(_file.Kernel);
        Judge("releases", VerifyErrors.PolicyRelease, version is not null && allowed.Any(a => KernelVersions.Allows(a, version)),
            version is null
                ? $"there is no kernel in it that says which it is, allowed: {Listed(allowed)}"
                : $"it is Linux {version}, allowed: {Listed(allowed)}");
    }

    private void CheckSignatures(SignatureRule rule, ImmutableArray<FoundSignature> found, TrustedRoles roles)
    {
        string name = "signatures." + rule.Name;
        if (found.IsEmpty)
        {
            if (rule.Required)
                Broken(name + ".required", VerifyErrors.PolicySignatureMissing, "there is none");
            return;
        }
        if (rule.Required)
            Holds(name + ".required", $"there {Are(found.Length)}");
        if (rule.AtMost is { } most)
            Judge(name + ".atMost", VerifyErrors.PolicySignatureMissing, found.Length <= most,
                $"there {Are(found.Length)}, and at most {most} may be there");
        foreach ((FoundSignature signature, int index) in found.Select((s, i) => (s, i)))
            CheckSignature(rule, name, signature, roles, found.Length == 1 ? "" : $"signature {index}: ");
    }

    private static string Are(int count) => count == 1 ? "is 1" : $"are {count}";

    private void CheckSignature(SignatureRule rule, string name, FoundSignature signature, TrustedRoles roles, string which)
    {
        string signer = signature.Signer?.Subject ?? "a certificate that was not given";
        if (!signature.Holds)
            Broken(name + ".holds", VerifyErrors.PolicySignatureWrong, $"{which}the signature of {signer} does not hold for this file");
        if (rule.Keys is { } keys)
            Judge(name + ".keys", VerifyErrors.PolicyKey, keys.Any(key => IsBy(signature, key, roles)),
                $"{which}signed by {signer}{Ids(signature.Signer)}, allowed: {Listed(keys)}");
        if (rule.Digests is { } digests)
            Judge(name + ".digests", VerifyErrors.PolicyAlgorithm, digests.Contains(signature.Digest),
                $"{which}the digest is {signature.Digest}, allowed: {Listed(digests)}");
        if (rule.Algorithms is { } algorithms)
            Judge(name + ".algorithms", VerifyErrors.PolicyAlgorithm, algorithms.Contains(signature.Algorithm),
                $"{which}the key is {signature.Algorithm}, allowed: {Listed(algorithms)}");
        if (rule.ValidDays is { } days)
        {
            DateTime now = _context.Clock.GetUtcNow().UtcDateTime;
            bool valid = signature.Signer is { } c && c.NotBefore.ToUniversalTime() <= now
                && c.NotAfter.ToUniversalTime() >= now.AddDays(days);
            Judge(name + ".validDays", VerifyErrors.PolicyExpiry, valid, signature.Signer is null
                ? $"{which}{signer} signed"
                : $"{which}the certificate of {signer} is valid from {signature.Signer.NotBefore.ToUniversalTime():yyyy-MM-dd} to "
                    + $"{signature.Signer.NotAfter.ToUniversalTime():yyyy-MM-dd}, {days} day(s) from {now:yyyy-MM-dd} are asked for");
        }
    }

    // By role: the signer is one of the certificates, or one of them issued it. By fingerprint: the certificate or its public key, hashed
    // here.
    private static bool IsBy(FoundSignature signature, string key, TrustedRoles roles)
    {
        if (signature.Signer is not { } signer)
            return false;
        ImmutableArray<X509Certificate2>? role = key switch
        {
            "db" => [.. roles.Db, .. roles.Lists.Allowed.Certificates],
            "mok" => roles.Lists.OwnerCertificates,
            "kexec" => roles.Kexec,
            "ima" => roles.Ima,
            _ => null,
        };
        return role is { } certificates
            ? CertificateTrust.Find(signer, signature.Companions, certificates) is not null
            : FoundSignature.Fingerprints(signer).Contains(key);
    }

    // What is named in a rule's list is allowed by it; nothing else is by silence.
    private void CheckStrength(string name, ImmutableArray<FoundSignature> found)
    {
        SignatureRule? rule = _policy.Signatures.FirstOrDefault(s => s.Name == name);
        foreach (FoundSignature signature in found)
        {
            if (_policy.AllowsWeak)
                return;
            if (signature.WeakDigest is { } digest && rule?.Digests?.Contains(signature.Digest) != true)
                Broken($"weak.{name}", VerifyErrors.PolicyWeak, digest);
            if (signature.Signer is not null && signature.WeakKey is { } key && rule?.Algorithms?.Contains(signature.Algorithm) != true)
                Broken($"weak.{name}", VerifyErrors.PolicyWeak, key);
        }
    }

    private static string Listed(ImmutableArray<string> allowed) =>
        allowed.IsEmpty ? "none, because the list is empty" : string.Join(", ", allowed);

    private void CheckSbat(SbatRule rule, PeImage image, Layout file)
    {
        if (SbatSection.Read(image, file).Table is not { } table)
        {
            Judge("sbat.required", VerifyErrors.PolicySbat, !rule.Required && rule.Generations.IsEmpty,
                "there is no .sbat section that shim reads");
            return;
        }
        Holds("sbat.required", string.Join(", ", table.Entries.Select(e => $"{e.Component} {e.Generation}")));
        foreach ((string component, int least) in rule.Generations)
        {
            // shim refuses an image for any of its rows, so the oldest one counts.
            SbatEntry? entry = table.Entries.Where(e => e.Component == component).MinBy(e => e.Generation);
            Judge("sbat.generations." + component, VerifyErrors.PolicySbat, entry?.Generation >= least,
                entry is null
                    ? $"{component} is not in it, generation {least} is asked for"
                    : $"{component} has generation {entry.Generation}, {least} is asked for");
        }
    }

    private void CheckParser(ParserRule rule, PeImage image, Layout file)
    {
        bool there = image.FindSection(ParserSection.Name) is not null;
        if (rule.Required is { } required)
            Judge("parser.required", VerifyErrors.PolicyParser, there == required, there
                ? "there is a .bpf section"
                : "there is no .bpf section");
        if (!there || rule.Abis is not { } abis)
            return;
        ParserAbi abi = ParserObject.Parse(ParserSection.Extract(image, file)).Abi;
        Judge("parser.abi", VerifyErrors.PolicyParser, ParserSeries.In(abi).Any(series => abis.Contains(series.Word)),
            $"the parser is for {ParserSeries.Name(abi)}, allowed: {Listed(abis)}");
    }

    private void CheckReproducible(PeImage image, Layout file, ImmutableArray<FoundSignature> signatures)
    {
        string? reason = signatures.Any(s => s.HasTime) ? "a signature carries a signing time or a timestamp"
            : signatures.FirstOrDefault(s => !s.IsDeterministic) is { } other
                ? $"a signature by a key of {other.Algorithm} is another one each time"
            : PayloadWithATime(image, file) is { } word ? $"the {word} payload carries a time"
            : null;
        Judge("reproducible", VerifyErrors.PolicyReproducible, reason is null, reason ?? "no signature and no payload carries a time");
    }

    // Its compression's word, when the payload's head holds one.
    private static string? PayloadWithATime(PeImage image, Layout file)
    {
        if (KnownImage.Of(file).Kind != ImageKind.Zboot)
            return null;
        ZbootHeader header = ZbootHeader.Read(image, file);
        return header.Format is { TimeOffset: { } time } format && header.PayloadSize >= time + sizeof(uint)
            && file.ReadBytes(header.PayloadOffset + time, sizeof(uint)).AsSpan().ContainsAnyExcept((byte)0) ? format.Word : null;
    }

    private static string Ids(X509Certificate2? certificate) =>
        certificate is null
            ? ""
            : $" (SHA-256 of the certificate {FoundSignature.Fingerprints(certificate)[0]}, of the public key "
                + $"{FoundSignature.Fingerprints(certificate)[1]})";

    private void Judge(string rule, ErrorCode code, bool holds, string says)
    {
        if (holds)
            Holds(rule, says);
        else
            Broken(rule, code, says);
    }

    private void Holds(string rule, string says) => _findings.Add(new(rule, true, says));

    private void Broken(string rule, ErrorCode code, string says) => _findings.Add(new(rule, false, says, code.Id));
}
