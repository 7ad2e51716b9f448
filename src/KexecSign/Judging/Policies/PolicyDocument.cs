using KexecSign.Keys.Kinds;
using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core.Operations;
using KexecSign.Core;
using KexecSign.Documents;
using KexecSign.Formats.Errors;

namespace KexecSign.Judging.Policies;

/// <summary>What a signature must be.</summary>
/// <param name="Name"><c>outer</c>, <c>inner</c> or <c>ima</c>.</param>
/// <param name="Required">Whether it must be there.</param>
/// <param name="Keys">SHA-256 fingerprints or SubjectKeyIdentifiers of certificates that may sign, lower-case hex; empty for any.</param>
/// <param name="Digests">Digest algorithms in lower case; empty for any.</param>
/// <param name="Algorithms">Key algorithms, for instance <c>rsa3072</c> or <c>p256</c>; empty for any.</param>
/// <param name="ValidDays">Days that the certificate must be valid for from now on; null for no demand.</param>
/// <param name="AtMost">Most signatures; null for any number.</param>
internal sealed record SignatureRule(
    string Name, bool Required, ImmutableArray<string> Keys, ImmutableArray<string> Digests, ImmutableArray<string> Algorithms, int? ValidDays, int? AtMost);

/// <summary>What SBAT must say.</summary>
/// <param name="Required">Whether there must be a .sbat section.</param>
/// <param name="Generations">Lowest generation by component; the component must be there.</param>
internal sealed record SbatRule(bool Required, ImmutableArray<(string Component, int Generation)> Generations);

/// <summary>What the kexec BPF parser must be.</summary>
/// <param name="Required">Whether there must be one; false for must not, null for may.</param>
/// <param name="Abis">Kernel series; empty for any.</param>
internal sealed record ParserRule(bool? Required, ImmutableArray<string> Abis);

/// <summary>A policy file: what a release must satisfy. Paths are taken from its own folder.</summary>
internal sealed record PolicyDocument(string Path, string Sha256)
{
    private static readonly ImmutableArray<string> Consumers = ["firmware", "shim", "kexec", "ima", "bpf"];
    private static readonly ImmutableArray<string> Abis = ["v5", "v6", "v7"];

    /// <summary>Certificates that are trusted besides those of the command line.</summary>
    public ImmutableArray<string> Certificates { get; private init; } = [];

    /// <summary>Who must accept the image.</summary>
    public ImmutableArray<Consumer> MustAccept { get; private init; } = [];

    /// <summary>Rules about signatures.</summary>
    public ImmutableArray<SignatureRule> Signatures { get; private init; } = [];

    /// <summary>SHA-256 of the zboot kits that may be linked with, lower-case hex; empty for any.</summary>
    public ImmutableArray<string> Kits { get; private init; } = [];

    /// <summary>Rules about SBAT; null for none.</summary>
    public SbatRule? Sbat { get; private init; }

    /// <summary>Rules about the parser; null for none.</summary>
    public ParserRule? Parser { get; private init; }

    /// <summary>Whether building again must give the same bytes.</summary>
    public bool Reproducible { get; private init; }

    /// <summary>Reads a policy.</summary>
    /// <param name="path">The file.</param>
    /// <param name="allowedModules">PKCS#11 modules that it may name.</param>
    /// <exception cref="KexecSignException">KS3301 to KS3303 with line and column, KS3760, KS3761.</exception>
    public static PolicyDocument Read(string path, ImmutableArray<string> allowedModules)
    {
        PlacedDocument document = PlacedDocument.Read(path, "a policy");
        try
        {
            var root = new ObjectReader(document.Root, "the policy");
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            var trust = DocumentTrust.Data(allowedModules);
            var policy = new PolicyDocument(path, document.Sha256)
            {
                Certificates = [.. root.Texts("certificates").Select(c => trust.Reference(folder, c))],
                MustAccept = [.. Words(root, "consumers", Consumers).Select(c => Enum.Parse<Consumer>(c, ignoreCase: true))],
                Signatures = root.Object("signatures") is { } signatures ? ReadSignatures(signatures) : [],
                Sbat = root.Object("sbat") is { } sbat ? ReadSbat(sbat) : null,
                Parser = root.Object("parser") is { } parser ? ReadParser(parser) : null,
                Reproducible = root.Flag("reproducible") ?? false,
                Kits = [.. root.Texts("kits").Select(Sha256Text.Require)],
            };
            root.End();
            // A policy without rules would be a gate that is always open.
            return policy is { MustAccept.IsEmpty: true, Signatures.IsEmpty: true, Sbat: null, Parser: null, Reproducible: false, Kits.IsEmpty: true }
                ? throw ObjectReader.Wrong(document.Root, "the policy has no rule")
                : policy;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static ImmutableArray<SignatureRule> ReadSignatures(ObjectReader signatures)
    {
        var rules = ImmutableArray.CreateBuilder<SignatureRule>();
        foreach (string name in (ReadOnlySpan<string>)["outer", "inner", "ima"])
        {
            if (signatures.Object(name) is not { } rule)
                continue;
            rules.Add(new(
                name, rule.Flag("required") ?? true, [.. Fingerprints(rule)],
                Words(rule, "digests", [.. HashKind.Words(HashUses.Image)]),
                Words(rule, "algorithms", [.. KeyKindFacts.Words]),
                rule.Number("validDays", 0, 36500), name == "outer" ? rule.Number("atMost", 1, 100) : null));
            rule.End();
        }
        signatures.End();
        return rules.ToImmutable();
    }

    private static IEnumerable<string> Fingerprints(ObjectReader rule)
    {
        foreach (PlacedValue item in rule.List("keys"))
        {
            string hex = ObjectReader.TextOf(item, "an item of 'keys'").Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
            if (hex.Length is not (40 or 64) || !hex.All(char.IsAsciiHexDigit))
                throw ObjectReader.Wrong(item, $"'{item.Text}' is neither a SHA-256 fingerprint (64 hex digits) nor a SubjectKeyIdentifier (40)");
            yield return hex;
        }
    }

    private static SbatRule ReadSbat(ObjectReader sbat)
    {
        var generations = ImmutableArray.CreateBuilder<(string, int)>();
        if (sbat.Get("generations", JsonValueKind.Object) is { } components)
        {
            var reader = new ObjectReader(components, "'generations'");
            foreach (PlacedProperty component in components.Properties)
                generations.Add((component.Name, reader.Number(component.Name, 1, int.MaxValue)!.Value));
        }
        var rule = new SbatRule(sbat.Flag("required") ?? true, generations.ToImmutable());
        sbat.End();
        return rule;
    }

    private static ParserRule ReadParser(ObjectReader parser)
    {
        var rule = new ParserRule(parser.Flag("required"), Words(parser, "abi", Abis));
        parser.End();
        return rule;
    }

    private static ImmutableArray<string> Words(ObjectReader reader, string name, ImmutableArray<string> allowed)
    {
        foreach (PlacedValue item in reader.List(name))
        {
            string text = ObjectReader.TextOf(item, $"an item of '{name}'");
            if (!allowed.Contains(text))
                throw ObjectReader.Wrong(item, $"'{text}' in '{name}' is none of {string.Join(", ", allowed)}");
        }
        return reader.Texts(name);
    }
}
