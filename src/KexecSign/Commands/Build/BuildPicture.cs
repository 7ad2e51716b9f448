using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Core;
using KexecSign.Formats.Bpf;
using KexecSign.Judging;
using KexecSign.Pictures;
using KexecSign.Provenance;

namespace KexecSign.Commands.Build;

/// <summary>A build as a page shows it. Everything comes from its report, so that reports of other machines can be shown as well.</summary>
internal static class BuildPicture
{
    // Who looks at which signature.
    private static readonly ImmutableArray<(string Role, string Signature, Consumer[] Consumers)> Roles =
    [
        ("outer", "Authenticode of the image", [Consumer.Firmware, Consumer.Shim, Consumer.Bpf]),
        ("inner", "Authenticode of the Image inside", [Consumer.Kexec]),
        ("ima", "IMA signature of the whole file", [Consumer.Ima]),
    ];

    /// <summary>The page's content.</summary>
    public static PictureReport Of(BuildOutcome outcome) => outcome switch
    {
        BuildResult built => new(built.File, ToneOf(built), "built and verified", [Image(built.File, "built", built)])
        { Facts = [new("made by", built.Tool)] },
        PlanResult plan => Plan(plan),
        _ => throw new System.Diagnostics.UnreachableException($"{outcome}"),
    };

    private static PictureReport Plan(PlanResult plan)
    {
        PictureTone tone = plan.Exit == ExitCode.Done ? PictureTone.Good : PictureTone.Bad;
        ImmutableArray<PictureImage> images = [.. plan.Images.Select(Image)];
        return new($"Plan {plan.Plan.File}{(plan.Shard is { } shard ? $", shard {shard.Index}/{shard.Count}" : "")}", tone, Counted(plan),
            images)
        {
            Chains = images.Length > 1 ? [.. Together(plan)] : [],
            Facts = [new("made by", plan.Tool), new("sha256 of the plan", plan.Plan.Sha256, IsHash: true)],
        };
    }

    private static string Counted(PlanResult plan) => string.Join(", ", Enum.GetValues<PlannedImageStatus>()
        .Select(status => $"{plan.Images.Count(i => i.Status == status)} {status.ToString().ToLowerInvariant()}")) + $", of {plan.Total}";

    private static PictureImage Image(PlannedImageResult image)
    {
        string status = image.Status.ToString().ToLowerInvariant();
        return image.Result is { } built ? Image(image.Name, status, built) with
        {
            Tone = image.Status == PlannedImageStatus.Failed
            ? PictureTone.Bad
            : ToneOf(built)
        }
            : new(image.Name, PictureTone.Bad, status) { Says = image.Message };
    }

    private static PictureTone ToneOf(BuildResult built) =>
        built.Verdicts.All(v => v.Answer == Answer.Accepts) && built.Policy?.Findings.Any(f => !f.Holds) != true
            ? PictureTone.Good
            : PictureTone.Bad;

    private static PictureImage Image(string name, string status, BuildResult built) => new(name, ToneOf(built), status)
    {
        Answers = [.. built.Verdicts.Select(PictureAnswer.Of)],
        Chains = [.. Chains(built)],
        Map = BuildMap.Of(built),
        Facts = [.. Files(built)],
        Policy = built.Policy,
        Provenance = [.. Provenance(built)],
    };

    private static IEnumerable<TrustChain> Chains(BuildResult built)
    {
        foreach ((string role, string signature, Consumer[] consumers) in Roles)
        {
            if (built.Certificates.FirstOrDefault(c => c.Role == role) is { } certificate)
                yield return new(certificate.Subject, certificate.Sha256, signature, Digest(built, role),
                    [.. built.Verdicts.Where(v => consumers.Contains(v.Consumer)).Select(PictureAnswer.Of)]);
        }
    }

    private static string? Digest(BuildResult built, string role) => role switch
    {
        "outer" => built.Outer is { } outer ? $"{outer.DigestAlgorithm} {outer.ImageDigest}" : null,
        "inner" => built.Inner is { } inner ? $"{inner.DigestAlgorithm} {inner.ImageDigest}" : null,
        _ => built.Ima?.Digest,
    };

    // One row for a key in a role, whoever many images it signed.
    private static IEnumerable<TrustChain> Together(PlanResult plan)
    {
        BuildResult[] all = [.. plan.Images.Select(i => i.Result).OfType<BuildResult>()];
        foreach ((string role, string signature, Consumer[] consumers) in Roles)
        {
            foreach (IGrouping<string, (BuildCertificate Certificate, BuildResult Built)> key in all
                .SelectMany(built => built.Certificates.Where(c => c.Role == role).Select(certificate => (certificate, built)))
                    .GroupBy(c => c.certificate.Sha256, StringComparer.Ordinal))
            {
                Verdict[] verdicts = [.. key.SelectMany(c => c.Built.Verdicts.Where(v => consumers.Contains(v.Consumer)))];
                yield return new(key.First().Certificate.Subject, key.Key,
                    $"{signature}: {key.Count()} image{(key.Count() == 1 ? "" : "s")}", null,
                    [.. verdicts.GroupBy(v => v.Consumer).Select(group => Counted([.. group]))]);
            }
        }
    }

    private static PictureAnswer Counted(Verdict[] verdicts)
    {
        int yes = verdicts.Count(v => v.Answer == Answer.Accepts);
        Verdict worst = verdicts.FirstOrDefault(v => v.Answer != Answer.Accepts) ?? verdicts[0];
        return PictureAnswer.Of(worst) with
        {
            Says = yes == verdicts.Length
            ? $"accepts {(yes == 1 ? "it" : $"all {yes}")}"
            : $"accepts {yes} of {verdicts.Length}",
            Why = ""
        };
    }

    private static IEnumerable<PictureFact> Files(BuildResult built)
    {
        foreach (BuildInput file in built.Outputs)
        {
            yield return new(file.File, string.Create(CultureInfo.InvariantCulture, $"{file.Size} bytes"));
            yield return new("its sha256", file.Sha256, IsHash: true);
        }
    }

    private static IEnumerable<PictureFact> Provenance(BuildResult built)
    {
        foreach ((string role, BuildInput? input) in ((string, BuildInput?)[])[("Image", built.Image), ("kit", built.Kit)])
        {
            if (input is null)
                continue;
            yield return new(role, string.Create(CultureInfo.InvariantCulture, $"{input.File}, {input.Size} bytes"));
            yield return new($"sha256 of the {role}", input.Sha256, IsHash: true);
        }
        if (built.Zboot is { } zboot)
            yield return new("compressed by", $"{zboot.Compression}{(zboot.Level is { } level ? $" level {level}" : "")}{(zboot.Library is null ? "" : $", {zboot.Library}")}");
        if (built.Parser is { } parser)
        {
            yield return new("parser", $"ABI {ParserSeries.Name(parser.Abi)}");
            yield return new("sha256 of the parser", parser.Sha256, IsHash: true);
        }
        yield return new("recipe: inputs, options, certificates and version", built.Recipe, IsHash: true);
        if (built.Provenance is { } signed)
            yield return new("signed provenance", signed);
    }
}
