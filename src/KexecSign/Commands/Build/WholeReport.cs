using System.Collections.Immutable;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Provenance;

namespace KexecSign.Commands.Build;

/// <summary>
/// Whether a report that was read has all that a report says. JSON leaves out what it likes and has numbers for words;
/// what is missing or unknown could be neither drawn nor written again.
/// </summary>
internal static class WholeReport
{
    private const int MostImages = 1000000;

    /// <summary>Whether it has.</summary>
    public static bool Is(PlanResult? report) =>
        report is { Total: >= 0 and <= MostImages, Tool: not null } && Is(report.Plan) && All(report.Images, Is);

    private static bool Is(PlannedImageResult image) =>
        image.Name is not null && Enum.IsDefined(image.Status)
        && (image.Result is null ? image.Status == PlannedImageStatus.Failed : Is(image.Result));

    private static bool Is(BuildResult built) =>
        built is
        {
            File: not null, Tool: not null, Recipe: not null, Ima: null or { Digest: not null }, Zboot: null
            or { Compression: not null }
        }
        && built.Outer is null or { DigestAlgorithm: not null, ImageDigest: not null, Signer: not null }
        && built.Inner is null or { DigestAlgorithm: not null, ImageDigest: not null, Signer: not null }
        && Is(built.Image) && (built.Kit is null || Is(built.Kit)) && (built.Tar is null || Is(built.Tar))
        && All(built.Outputs, Is) && All(built.Certificates, Is) && All(built.Verdicts, Is) && (built.Policy is null || Is(built.Policy))
        && (built.Parser is null || (built.Parser.Sha256 is not null && Enum.IsDefined(built.Parser.Abi)));

    private static bool Is(BuildInput? file) => file is { File: not null, Sha256: not null };

    private static bool Is(BuildCertificate certificate) =>
        certificate is { Role: not null, Subject: not null, Sha256: not null, SubjectKeyIdentifier: not null };

    private static bool Is(Verdict verdict) =>
        verdict.Reason is not null && Enum.IsDefined(verdict.Consumer) && Enum.IsDefined(verdict.Answer)
        && All(verdict.Warnings, warning => true);

    private static bool Is(PolicyReport policy) => policy is { File: not null, Sha256: not null, JudgedSha256: not null }
        && All(policy.Findings, finding => finding is { Rule: not null, Says: not null });

    private static bool All<T>(ImmutableArray<T> list, Func<T, bool> isWhole) =>
        !list.IsDefault && list.All(item => item is not null && isWhole(item));
}
