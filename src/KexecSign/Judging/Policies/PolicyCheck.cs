using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Keys.Pins;
using KexecSign.Parsers;

namespace KexecSign.Judging.Policies;

/// <summary>Holds an image against a policy: each rule is judged, and the finding names it.</summary>
internal sealed class PolicyCheck
{
    private readonly ImmutableArray<PolicyFinding>.Builder _findings = ImmutableArray.CreateBuilder<PolicyFinding>();
    private readonly PolicyDocument _policy;
    private readonly RunContext _context;

    private PolicyCheck(PolicyDocument policy, RunContext context)
    {
        _policy = policy;
        _context = context;
    }

    /// <summary>Judges a file.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="path">The file.</param>
    /// <param name="trusted">Certificates that are trusted besides the policy's own.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">The file cannot be read, or a certificate of the policy cannot.</exception>
    public static PolicyReport Judge(PolicyDocument policy, string path, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        ImmutableArray<X509Certificate2> all =
            [.. trusted, .. policy.Certificates.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];
        var check = new PolicyCheck(policy, context);
        using FileSource source = FileSource.Open(path);
        try
        {
            check.Run(path, source.ToLayout(), all);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
        return new(policy.Path, policy.Sha256, check._findings.ToImmutable());
    }

    private void Run(string path, Layout file, ImmutableArray<X509Certificate2> trusted)
    {
        CheckConsumers(path, trusted);
        PeImage image = PeReader.Read(file);
        using var kernel = new KernelInside(image, file, _context);
        var signatures = new Dictionary<string, ImmutableArray<FoundSignature>>
        {
            ["outer"] = FoundSignature.OfImage(file, _context),
            ["inner"] = kernel.IsUnpacked ? FoundSignature.OfImage(kernel.Open(), _context) : [],
            ["ima"] = FoundSignature.OfIma(path, file, trusted, _context),
        };
        foreach (SignatureRule rule in _policy.Signatures)
            CheckSignatures(rule, signatures[rule.Name]);
        if (_policy.Sbat is not null)
            CheckSbat(_policy.Sbat, image, file);
        if (_policy.Parser is not null)
            CheckParser(_policy.Parser, image, file);
        if (_policy.Reproducible)
            CheckReproducible(image, file, [.. signatures.Values.SelectMany(s => s)]);
    }

    private void CheckConsumers(string path, ImmutableArray<X509Certificate2> trusted)
    {
        if (_policy.MustAccept.IsEmpty)
            return;
        foreach (Verdict verdict in ImageVerification.Judge(new VerifyOptions { File = path, Consumers = _policy.MustAccept }, _ => trusted, VerifyLists.None, _context))
        {
            string rule = "consumers." + verdict.Consumer.ToString().ToLowerInvariant();
            // Without certificates every signature would do: a gate must not be that by oversight.
            if (trusted.IsEmpty && verdict.Consumer != Consumer.Bpf)
                Broken(rule, VerifyErrors.PolicyConsumer, "it trusts no certificate: add some to the policy or by --cert");
            else if (verdict.Answer == Answer.Accepts)
                Holds(rule, verdict.Reason);
            else
                Broken(rule, VerifyErrors.PolicyConsumer, verdict.Code is null ? verdict.Reason : $"{verdict.Code}: {verdict.Reason}");
        }
    }

    private void CheckSignatures(SignatureRule rule, ImmutableArray<FoundSignature> found)
    {
        string name = "signatures." + rule.Name;
        if (found.IsEmpty)
        {
            if (rule.Required)
                Broken(name + ".required", VerifyErrors.PolicySignatureMissing, "there is none");
            return;
        }
        if (rule.Required)
            Holds(name + ".required", $"there are {found.Length}");
        if (rule.AtMost is { } most)
            Judge(name + ".atMost", VerifyErrors.PolicySignatureMissing, found.Length <= most, $"there are {found.Length}, at most {most} are allowed");
        foreach ((FoundSignature signature, int index) in found.Select((s, i) => (s, i)))
            CheckSignature(rule, name, signature, found.Length == 1 ? "" : $"signature {index}: ");
    }

    private void CheckSignature(SignatureRule rule, string name, FoundSignature signature, string which)
    {
        string signer = signature.Signer?.Subject ?? "a certificate that was not given";
        if (!signature.Holds)
            Broken(name + ".holds", VerifyErrors.PolicySignatureWrong, $"{which}the signature of {signer} does not hold for this file");
        if (!rule.Keys.IsEmpty)
            Judge(name + ".keys", VerifyErrors.PolicyKey, signature.Signer is not null && KeyIds(signature.Signer).Any(rule.Keys.Contains), $"{which}signed by {signer}{Ids(signature.Signer)}");
        if (!rule.Digests.IsEmpty)
            Judge(name + ".digests", VerifyErrors.PolicyAlgorithm, rule.Digests.Contains(signature.Digest), $"{which}the digest is {signature.Digest}, allowed: {string.Join(", ", rule.Digests)}");
        if (!rule.Algorithms.IsEmpty)
            Judge(name + ".algorithms", VerifyErrors.PolicyAlgorithm, rule.Algorithms.Contains(signature.Algorithm), $"{which}the key is {signature.Algorithm}, allowed: {string.Join(", ", rule.Algorithms)}");
        if (rule.ValidDays is { } days)
        {
            DateTime now = _context.Clock.GetUtcNow().UtcDateTime;
            bool valid = signature.Signer is { } c && c.NotBefore.ToUniversalTime() <= now && c.NotAfter.ToUniversalTime() >= now.AddDays(days);
            Judge(name + ".validDays", VerifyErrors.PolicyExpiry, valid, signature.Signer is null
                ? $"{which}{signer} signed"
                : $"{which}the certificate of {signer} is valid from {signature.Signer.NotBefore.ToUniversalTime():yyyy-MM-dd} to {signature.Signer.NotAfter.ToUniversalTime():yyyy-MM-dd}, {days} day(s) from {now:yyyy-MM-dd} are asked for");
        }
    }

    private void CheckSbat(SbatRule rule, PeImage image, Layout file)
    {
        if (SbatSection.Read(image, file).Table is not { } table)
        {
            Judge("sbat.required", VerifyErrors.PolicySbat, !rule.Required && rule.Generations.IsEmpty, "there is no .sbat section that shim reads");
            return;
        }
        Holds("sbat.required", string.Join(", ", table.Entries.Select(e => $"{e.Component} {e.Generation}")));
        foreach ((string component, int least) in rule.Generations)
        {
            // shim refuses an image for any of its rows, so the oldest one counts.
            SbatEntry? entry = table.Entries.Where(e => e.Component == component).MinBy(e => e.Generation);
            Judge("sbat.generations." + component, VerifyErrors.PolicySbat, entry?.Generation >= least,
                entry is null ? $"{component} is not in it, generation {least} is asked for" : $"{component} has generation {entry.Generation}, {least} is asked for");
        }
    }

    private void CheckParser(ParserRule rule, PeImage image, Layout file)
    {
        bool there = image.FindSection(ParserSection.Name) is not null;
        if (rule.Required is { } required)
            Judge("parser.required", VerifyErrors.PolicyParser, there == required, there ? "there is a .bpf section" : "there is no .bpf section");
        if (!there || rule.Abis.IsEmpty)
            return;
        ParserAbi abi = ParserObject.Parse(ParserSection.Extract(image, file)).Abi;
        ReadOnlySpan<string> may = abi switch { ParserAbi.V5 => ["v5"], ParserAbi.V6 => ["v6"], ParserAbi.V7 => ["v7"], ParserAbi.V6OrV7 => ["v6", "v7"], _ => [] };
        bool holds = false;
        foreach (string name in may)
            holds |= rule.Abis.Contains(name);
        Judge("parser.abi", VerifyErrors.PolicyParser, holds, $"the parser is for {(may.IsEmpty ? "no known series" : string.Join(" or ", may.ToArray()))}, allowed: {string.Join(", ", rule.Abis)}");
    }

    private void CheckReproducible(PeImage image, Layout file, ImmutableArray<FoundSignature> signatures)
    {
        string? reason = signatures.Any(s => s.HasTime) ? "a signature carries a signing time or a timestamp"
            : signatures.Any(s => s.Algorithm.StartsWith('p')) ? "an ECDSA signature is another one each time"
            : GzipNamesATime(image, file) ? "the gzip payload carries a time"
            : null;
        Judge("reproducible", VerifyErrors.PolicyReproducible, reason is null, reason ?? "no signature and no payload carries a time");
    }

    // RFC 1952: four bytes of modification time behind magic, method and flags.
    private static bool GzipNamesATime(PeImage image, Layout file)
    {
        if (!ZbootHeader.IsZboot(file.ReadBytes(0, Math.Min(file.Length, ZbootHeader.Size))))
            return false;
        ZbootHeader header = ZbootHeader.Read(image, file);
        return header.Compression == ZbootCompression.Gzip && header.PayloadSize >= 10
            && file.ReadBytes(header.PayloadOffset + 4, 4).AsSpan().ContainsAnyExcept((byte)0);
    }

    private static IEnumerable<string> KeyIds(X509Certificate2 certificate) =>
    [
        certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256).ToLowerInvariant(),
        Convert.ToHexStringLower(KexecSign.Keys.Certificates.SubjectKeyIdentifier.Of(certificate)),
    ];

    private static string Ids(X509Certificate2? certificate) => certificate is null ? "" : $" ({string.Join(", ", KeyIds(certificate))})";

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
