using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Documents;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Judging.Firmwares;
using KexecSign.Keys.Kinds;

namespace KexecSign.Judging.Policies;

/// <summary>What a signature must be. A list that is there and empty allows nothing.</summary>
/// <param name="Name"><c>outer</c>, <c>inner</c>, <c>ima</c> or <c>module</c>.</param>
/// <param name="Required">Whether it must be there.</param>
/// <param name="Keys">SHA-256 of certificates or public keys that may sign, lower-case hex, or names of roles; null for any.</param>
/// <param name="Digests">Digest algorithms in lower case; null for any that is not weak.</param>
/// <param name="Algorithms">Key algorithms, for instance <c>rsa3072</c> or <c>p256</c>; null for any that is not weak.</param>
/// <param name="ValidDays">Days that the certificate must be valid for from now on; null for no demand.</param>
/// <param name="AtMost">Most signatures; null for any number.</param>
internal sealed record SignatureRule(
    string Name, bool Required, ImmutableArray<string>? Keys, ImmutableArray<string>? Digests, ImmutableArray<string>? Algorithms,
        int? ValidDays, int? AtMost)
{
    /// <summary>Whether it asks for anything.</summary>
    public bool Demands =>
        Required || Keys is not null || Digests is not null || Algorithms is not null || ValidDays is not null || AtMost is not null;
}

/// <summary>What SBAT must say.</summary>
/// <param name="Required">Whether there must be a .sbat section.</param>
/// <param name="Generations">Lowest generation by component; the component must be there.</param>
internal sealed record SbatRule(bool Required, ImmutableArray<(string Component, int Generation)> Generations)
{
    /// <summary>Whether components that are not there break nothing: an addon's stub has others than a kernel.</summary>
    public bool OnlyOfThoseThere { get; init; }
}

/// <summary>What the kexec BPF parser must be.</summary>
/// <param name="Required">Whether there must be one; false for must not, null for may.</param>
/// <param name="Abis">Kernel series; null for any.</param>
internal sealed record ParserRule(bool? Required, ImmutableArray<string>? Abis);

/// <summary>Certificates that a policy trusts, as references, by role.</summary>
internal sealed record PolicyCertificates
{
    /// <summary>Of a file with one kind of signature, for those who look at it.</summary>
    public ImmutableArray<string> Any { get; init; } = [];

    /// <summary>Firmware and shim.</summary>
    public ImmutableArray<string> Db { get; init; } = [];

    /// <summary>The machine owner's: shim, and the kernel that it starts.</summary>
    public ImmutableArray<string> Mok { get; init; } = [];

    /// <summary>The kernel's keyrings.</summary>
    public ImmutableArray<string> Kexec { get; init; } = [];

    /// <summary>The .ima keyring.</summary>
    public ImmutableArray<string> Ima { get; init; } = [];

    /// <summary>The kernel's keyrings, when it loads a module.</summary>
    public ImmutableArray<string> Module { get; init; } = [];

    /// <summary>Timestamp authorities.</summary>
    public ImmutableArray<string> Tsa { get; init; } = [];
}

/// <summary>A policy file: what a release must satisfy. Paths are taken from its own folder.</summary>
internal sealed record PolicyDocument(string Path, string Sha256)
{
    private const string OfModules = "module";

    /// <summary>TrustedRoles whose certificates a signature may be by.</summary>
    public static readonly ImmutableArray<string> RoleNames = ["db", "mok", "kexec", "ima", OfModules];

    /// <summary>Digests that signatures may have.</summary>
    public static readonly ImmutableArray<string> Digests = [.. HashKind.All.Select(hash => hash.Word)];

    /// <summary>Keys that signatures may be by.</summary>
    public static readonly ImmutableArray<string> Algorithms = KeyKindFacts.Words;

    /// <summary>Architectures whose kernels may be the ones to load the file.</summary>
    public static readonly ImmutableArray<string> Architectures = ArchitectureFacts.Words;

    /// <summary>Certificates that are trusted besides those of the command line.</summary>
    public PolicyCertificates Certificates { get; private init; } = new();

    /// <summary>Who must accept the image; null for no demand. Nobody is a rule that nothing satisfies.</summary>
    public ImmutableArray<Consumer>? MustAccept { get; private init; }

    /// <summary>The architecture that the image is for; null for no demand.</summary>
    public string? Architecture { get; private init; }

    /// <summary>Release of the kernel that loads the image, whose rules are judged by; null for the image's own.</summary>
    public string? Kernel { get; init; }

    /// <summary>Firmware whose rules are judged by; null for the default.</summary>
    public string? Firmware { get; init; }

    /// <summary>Releases that the kernel in the image may be of, as <c>uname -r</c> begins; null for any.</summary>
    public ImmutableArray<string>? Releases { get; private init; }

    /// <summary>Whether a signer's certificate that is out of date counts as a refusal.</summary>
    public bool ExpiredFails { get; private init; }

    /// <summary>Whether digests and keys may be weak.</summary>
    public bool AllowsWeak { get; private init; }

    /// <summary>Rules about signatures.</summary>
    public ImmutableArray<SignatureRule> Signatures { get; private init; } = [];

    /// <summary>SHA-256 of the zboot kits that may be linked with, lower-case hex; empty for any.</summary>
    public ImmutableArray<string> Kits { get; private init; } = [];

    /// <summary>Certificates of those one of whom must have signed the zboot kit; empty for no demand.</summary>
    public ImmutableArray<string> KitSigners { get; private init; } = [];

    /// <summary>Rules about SBAT; null for none.</summary>
    public SbatRule? Sbat { get; private init; }

    /// <summary>Rules about the parser; null for none.</summary>
    public ParserRule? Parser { get; private init; }

    /// <summary>Whether building again must give the same bytes.</summary>
    public bool Reproducible { get; private init; }

    /// <summary>Rules about appended signatures of modules; null where nothing is said of modules.</summary>
    public SignatureRule? Modules => Signatures.FirstOrDefault(s => s.Name == OfModules);

    /// <summary>Whether it asks anything of images. One that does not would be a gate that is always open to them.</summary>
    public bool HasImageRule =>
        MustAccept is not null || Architecture is not null || Signatures.Any(s => s.Name != OfModules && s.Demands) || Sbat is not null
            and not { Required: false, Generations.IsEmpty: true }
        || Releases is not null || Parser is not null and not { Required: null, Abis: null } || Reproducible || !Kits.IsEmpty
            || !KitSigners.IsEmpty;

    /// <summary>
    /// What of it an addon can satisfy, which brings no kernel: systemd-stub has firmware load it (src/boot/addon-util.c), so firmware is
    /// asked where the policy asks nobody else who looks at an addon. Rules about kernels are left to the images that hold one.
    /// </summary>
    public PolicyDocument OfAddons() => this with
    {
        MustAccept = MustAccept is { IsEmpty: false } asked ? WhoLooksAtAddons(asked) : MustAccept,
        Releases = null,
        Parser = null,
        Kits = [],
        KitSigners = [],
        Signatures = [.. Signatures.Where(s => s.Name != "inner")],
        Sbat = Sbat is null ? null : Sbat with { OnlyOfThoseThere = true },
    };

    private static ImmutableArray<Consumer> WhoLooksAtAddons(ImmutableArray<Consumer> asked)
    {
        ImmutableArray<Consumer> looking = [.. asked.Where(c => c is Consumer.Firmware or Consumer.Shim or Consumer.Ima)];
        return looking.Any(c => c is Consumer.Firmware or Consumer.Shim) ? looking : [Consumer.Firmware, .. looking];
    }

    /// <summary>Reads a policy.</summary>
    /// <param name="path">The file.</param>
    /// <param name="allowedModules">PKCS#11 modules that it may name.</param>
    /// <param name="forTree">Whether kernel modules may be judged by it too, so that it may have rules for these alone.</param>
    /// <exception cref="KexecSignException">KS3301 to KS3303 with line and column, KS3760, KS3761.</exception>
    public static PolicyDocument Read(string path, ImmutableArray<string> allowedModules, bool forTree = false)
    {
        PlacedDocument document = PlacedDocument.Read(path, "a policy");
        try
        {
            var root = new ObjectReader(document.Root, "the policy");
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            var trust = DocumentTrust.Data(allowedModules);
            var policy = new PolicyDocument(path, document.Sha256)
            {
                Certificates = ReadCertificates(root, folder, trust),
                MustAccept = Words(root, "consumers", ConsumerFacts.Words) is { } names
                    ? [.. names.Select(c => ConsumerFacts.Named(c)!.Consumer)]
                    : null,
                Architecture = root.Choice("architecture", Architectures.AsSpan()),
                Kernel = root.Text("kernel") is { } kernel ? KernelVersions.Require(kernel) : null,
                Firmware = root.Choice("firmware", FirmwareModel.Words.AsSpan()),
                Releases = root.Get("releases") is null ? null : [.. root.Texts("releases")],
                ExpiredFails = root.Choice("expired", "warn", "fail") == "fail",
                AllowsWeak = root.Choice("weak", "refuse", "allow") == "allow",
                Signatures = root.Object("signatures") is { } signatures ? ReadSignatures(signatures) : [],
                Sbat = root.Object("sbat") is { } sbat ? ReadSbat(sbat) : null,
                Parser = root.Object("parser") is { } parser ? ReadParser(parser) : null,
                Reproducible = root.Flag("reproducible") ?? false,
                Kits = [.. root.Texts("kits").Select(Sha256Text.Require)],
                KitSigners = [.. root.Texts("kitSigners").Select(c => trust.Reference(folder, c))],
            };
            root.End();
            if (root.Get("kits") is { } kits && policy.Kits.IsEmpty)
                throw ObjectReader.Wrong(kits, "'kits' is empty and so allows none; leave it out where any may be linked with");
            if (root.Get("kitSigners") is { } signers && policy.KitSigners.IsEmpty)
                throw ObjectReader.Wrong(signers, "'kitSigners' is empty and so trusts nobody; leave it out where nobody has to sign kits");
            // What a kernel checks depends on its architecture, and the file's own word for it is the word of whoever wrote the file.
            if (policy is { Architecture: null, MustAccept: { } asked } && asked.Contains(Consumer.Kexec))
                throw ObjectReader.Wrong(root.Get("consumers")!,
                    $"'kexec' in 'consumers' wants an 'architecture', one of {string.Join(", ", Architectures)}: what a kernel checks "
                    + $"depends on it");
            // A policy without rules would be a gate that is always open.
            return policy.HasImageRule || (forTree && policy.Modules is not null) ? policy
                : throw ObjectReader.Wrong(document.Root, policy.Modules is null
                    ? "the policy has no rule"
                    : "the policy has no rule for images, only for modules");
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static PolicyCertificates ReadCertificates(ObjectReader root, string folder, DocumentTrust trust)
    {
        if (root.Get("certificates") is not { Kind: JsonValueKind.Object })
            return new() { Any = References(root, "certificates") };
        ObjectReader roles = root.Object("certificates")!;
        var certificates = new PolicyCertificates
        {
            Db = References(roles, "db"),
            Mok = References(roles, "mok"),
            Kexec = References(roles, "kexec"),
            Ima = References(roles, "ima"),
            Module = References(roles, OfModules),
            Tsa = References(roles, "tsa"),
        };
        roles.End();
        return certificates;

        ImmutableArray<string> References(ObjectReader reader, string name) =>
            [.. reader.Texts(name).Select(c => trust.Reference(folder, c))];
    }

    private static ImmutableArray<SignatureRule> ReadSignatures(ObjectReader signatures)
    {
        var rules = ImmutableArray.CreateBuilder<SignatureRule>();
        foreach (string name in (ReadOnlySpan<string>)["outer", "inner", "ima"])
        {
            if (signatures.Object(name) is not { } rule)
                continue;
            rules.Add(Rule(name, rule.Flag("required") ?? true, rule, name == "outer" ? rule.Number("atMost", 1, 100) : null));
            rule.End();
        }
        // A kernel that looks at all refuses the module that has none, so nothing can make it optional.
        if (signatures.Object(OfModules) is { } modules)
        {
            rules.Add(Rule(OfModules, true, modules, null));
            modules.End();
        }
        signatures.End();
        return rules.ToImmutable();
    }

    private static SignatureRule Rule(string name, bool required, ObjectReader rule, int? atMost) => new(
        name, required, Keys(rule), Words(rule, "digests", Digests), Words(rule, "algorithms", Algorithms),
        rule.Number("validDays", 0, 36500), atMost);

    private static ImmutableArray<string>? Keys(ObjectReader rule)
    {
        if (rule.Get("keys") is null)
            return null;
        var keys = ImmutableArray.CreateBuilder<string>();
        foreach (PlacedValue item in rule.List("keys"))
        {
            string text = ObjectReader.TextOf(item, "an item of 'keys'"),
                hex = text.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
            if (hex.Length == 40 && hex.All(char.IsAsciiHexDigit))
            {
                throw ObjectReader.Wrong(item,
                    $"'{item.Text}' has the length of a SubjectKeyIdentifier, which is what a certificate says of itself and anybody may "
                    + $"write into theirs; "
                    + "give the SHA-256 of the certificate or of its public key");
            }
            if (!RoleNames.Contains(text) && (hex.Length != 64 || !hex.All(char.IsAsciiHexDigit)))
                throw ObjectReader.Wrong(item,
                    $"'{item.Text}' is neither the SHA-256 of a certificate or public key (64 hex digits) nor one of "
                    + $"{string.Join(", ", RoleNames)}");
            keys.Add(RoleNames.Contains(text) ? text : hex);
        }
        return keys.ToImmutable();
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
        var rule = new ParserRule(parser.Flag("required"), Words(parser, "abi", ParserSeries.Words));
        parser.End();
        return rule;
    }

    private static ImmutableArray<string>? Words(ObjectReader reader, string name, ImmutableArray<string> allowed)
    {
        if (reader.Get(name) is null)
            return null;
        foreach (PlacedValue item in reader.List(name))
        {
            string text = ObjectReader.TextOf(item, $"an item of '{name}'");
            if (!allowed.Contains(text))
                throw ObjectReader.Wrong(item, $"'{text}' in '{name}' is none of {string.Join(", ", allowed)}");
        }
        return reader.Texts(name);
    }
}
