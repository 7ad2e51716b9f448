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
    private readonly PolicyFindings _findings = new();
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
            Module = TrustedCertificates.Open(named.Module, context),
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
            if (check._findings.IsEmpty)
                check._findings.Broken("kits", VerifyErrors.PolicyKit, "a finished file does not show which one it was linked with");
        }
        catch (KexecSignException refused)
        {
            throw refused.In(file.Path);
        }
        return new(policy.Path, policy.Sha256, file.Sha256, check._findings.All);
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
            _findings.Judge("architecture", VerifyErrors.PolicyArchitecture, PeConstants.MachineName(image.Machine) == architecture,
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
        var rules = new SignatureRules(_policy, roles, _findings, _context);
        foreach (SignatureRule rule in _policy.Signatures.Where(rule => signatures.ContainsKey(rule.Name)))
            rules.Check(rule, signatures[rule.Name]);
        foreach ((string name, ImmutableArray<FoundSignature> found) in signatures)
            rules.CheckStrength(name, found);
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
            _findings.Holds("kits", "the kit is one that is allowed");
        // Only what is no zboot image by its magic is exempt: whatever else stands in the file, its stub may come out of a kit.
        else if (wasHeld == false && (_file.Kernel.IsUnpacked || ZbootHeader.IsZboot(KnownImage.HeadOf(_file.Content))))
            _findings.Broken("kits", VerifyErrors.PolicyKit, "the image is a zboot image whose kit is not given");
        else if (wasHeld is null)
            _context.Log.Warning($"{_policy.Path}: its rules for kits are held where an image is built; of a finished one nobody can tell");
    }

    private void CheckConsumers()
    {
        if (_policy.MustAccept is not { } asked)
            return;
        if (asked.IsEmpty)
        {
            _findings.Broken("consumers", VerifyErrors.PolicyConsumer, "'consumers' names nobody, and a list that is empty allows nothing");
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
                _findings.Holds("consumers." + verdict.Who, verdict.Reason);
            else
                _findings.Broken("consumers." + verdict.Who, VerifyErrors.PolicyConsumer, $"{verdict.Says}: {verdict.Why}");
        }
    }

    private void CheckRelease(ImmutableArray<string> allowed)
    {
        string? version = KernelVersions.Own(_file.Kernel);
        _findings.Judge("releases", VerifyErrors.PolicyRelease, version is not null && allowed.Any(a => KernelVersions.Allows(a, version)),
            version is null
                ? $"there is no kernel in it that says which it is, allowed: {SignatureRules.Listed(allowed)}"
                : $"it is Linux {version}, allowed: {SignatureRules.Listed(allowed)}");
    }

    private void CheckSbat(SbatRule rule, PeImage image, Layout file)
    {
        if (SbatSection.Read(image, file).Table is not { } table)
        {
            _findings.Judge("sbat.required", VerifyErrors.PolicySbat, !rule.Required && rule.Generations.IsEmpty,
                "there is no .sbat section that shim reads");
            return;
        }
        _findings.Holds("sbat.required", string.Join(", ", table.Entries.Select(e => $"{e.Component} {e.Generation}")));
        foreach ((string component, int least) in rule.Generations)
        {
            // shim refuses an image for any of its rows, so the oldest one counts.
            SbatEntry? entry = table.Entries.Where(e => e.Component == component).MinBy(e => e.Generation);
            if (entry is null && rule.OnlyOfThoseThere)
                continue;
            _findings.Judge("sbat.generations." + component, VerifyErrors.PolicySbat, entry?.Generation >= least,
                entry is null
                    ? $"{component} is not in it, generation {least} is asked for"
                    : $"{component} has generation {entry.Generation}, {least} is asked for");
        }
    }

    private void CheckParser(ParserRule rule, PeImage image, Layout file)
    {
        bool there = image.FindSection(ParserSection.Name) is not null;
        if (rule.Required is { } required)
            _findings.Judge("parser.required", VerifyErrors.PolicyParser, there == required, there
                ? "there is a .bpf section"
                : "there is no .bpf section");
        if (!there || rule.Abis is not { } abis)
            return;
        ParserAbi abi = ParserObject.Parse(ParserSection.Extract(image, file)).Abi;
        _findings.Judge("parser.abi", VerifyErrors.PolicyParser, ParserSeries.In(abi).Any(series => abis.Contains(series.Word)),
            $"the parser is for {ParserSeries.Name(abi)}, allowed: {SignatureRules.Listed(abis)}");
    }

    private void CheckReproducible(PeImage image, Layout file, ImmutableArray<FoundSignature> signatures)
    {
        string? reason = signatures.Any(s => s.HasTime) ? "a signature carries a signing time or a timestamp"
            : signatures.FirstOrDefault(s => !s.IsDeterministic) is { } other
                ? $"a signature by a key of {other.Algorithm} is another one each time"
            : PayloadWithATime(image, file) is { } word ? $"the {word} payload carries a time"
            : null;
        _findings.Judge("reproducible", VerifyErrors.PolicyReproducible, reason is null,
            reason ?? "no signature and no payload carries a time");
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
}
