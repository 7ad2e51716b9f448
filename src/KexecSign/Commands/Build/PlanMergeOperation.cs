using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Pictures;

namespace KexecSign.Commands.Build;

/// <summary>Options of <c>plan merge</c>.</summary>
public sealed record PlanMergeOptions
{
    /// <summary>The shards' reports.</summary>
    public ImmutableArray<string> Reports { get; init; } = [];

    /// <summary>Where the joint report goes; null for nowhere.</summary>
    public string? Output { get; init; }

    /// <summary>Where a page about it goes; null for nowhere.</summary>
    public string? Html { get; init; }

    /// <summary>Where the same as Markdown goes; null for nowhere.</summary>
    public string? Markdown { get; init; }
}

/// <summary><c>plan merge</c>: one report from those of a plan's shards.</summary>
internal static class PlanMergeOperation
{
    private const long MaxReport = 64 << 20;

    public static Operation<PlanMergeOptions, PlanResult> Definition { get; } = new()
    {
        Name = "plan merge",
        Summary = "Join the reports of a plan's shards, and see that none is missing.",
        Details = "All reports must be of the same plan, by its SHA-256, and together have each of its images once. "
            + "The exit code is that of the whole plan: 3 when some images failed, 1 when all did.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Reports), .. PlannedStep.Write(o.Output, o.Html, o.Markdown)],
        TypedResult = () => BuildJson.Default.PlanResult,
        MakeArguments = () => [new("REPORT", "A report that 'build PLAN --shard I/N --report REPORT' wrote.",
            (o, v) => o with { Reports = o.Reports.Add(v) }, repeatable: true)],
        MakeOptions = () =>
        [
            new("o", "FILE", "Write the joint report as JSON.", (o, v) => o with { Output = v }),
            .. PictureOptionSpecs.Of<PlanMergeOptions>((o, v) => o with { Html = v }, (o, v) => o with { Markdown = v }),
        ],
        Examples = [new("kexecsign plan merge shard-1.json shard-2.json -o report.json",
            "After 'kexecsign build plan.json --shard 1/2 --report shard-1.json' here and '--shard 2/2' on another machine.")],
    };

    private static PlanResult Run(PlanMergeOptions options, RunContext context)
    {
        if (options.Reports.IsEmpty)
            throw OperationErrors.OptionMissing.With("plan merge", "a REPORT");
        using PictureFiles? pages = PictureFiles.Begin(options.Html, options.Markdown, [.. options.Reports, options.Output], context);
        ImmutableArray<PlanResult> reports = [.. options.Reports.Select(Read)];
        PlanResult first = reports[0];
        var images = new SortedDictionary<int, (PlannedImageResult Image, string Report)>();
        foreach ((PlanResult report, string path) in reports.Zip(options.Reports))
        {
            if (report.Plan.Sha256 != first.Plan.Sha256 || report.Total != first.Total)
                throw OperationErrors.OtherPlan.With(report.Plan.Sha256, options.Reports[0], first.Plan.Sha256).In(path);
            foreach (PlannedImageResult image in report.Images)
            {
                if (image.Index < 0 || image.Index >= report.Total)
                    throw OperationErrors.NotAPlanReport.With($"image {image.Index} of {report.Total}").In(path);
                if (!images.TryAdd(image.Index, (image, path)))
                    throw OperationErrors.ShardTwice.With(image.Name, images[image.Index].Report).In(path);
            }
        }
        RequireAll([.. Enumerable.Range(0, first.Total).Except(images.Keys)], first.Total, reports);
        PlanResult merged = first with { Shard = null, Images = [.. images.Values.Select(i => i.Image)] };
        if (options.Output is not null)
            WrittenFile.Write(Layout.Of(ReportDocument.Of(merged, BuildJson.Default.PlanResult)), options.Output, [.. options.Reports],
                context);
        pages?.Write(BuildPicture.Of(merged), context);
        return merged;
    }

    private static void RequireAll(int[] missing, int total, ImmutableArray<PlanResult> reports)
    {
        if (missing.Length == 0)
            return;
        // Which shards they are in can be told when all reports are of one way to shard.
        int[] counts = [.. reports.Select(r => r.Shard?.Count ?? 1).Distinct()];
        string which = counts is [var count]
            ? "shard(s) " + string.Join(", ", missing.Select(i => (i % count) + 1).Distinct().Order().Select(i => $"{i}/{count}"))
            : "image(s) " + string.Join(", ", missing.Select(i => i + 1));
        throw OperationErrors.ShardMissing.With(missing.Length, total, which);
    }

    private static PlanResult Read(string path)
    {
        try
        {
            PlanResult? report = JsonSerializer.Deserialize(WholeFile.Read(path, MaxReport, "a report"), BuildJson.Default.PlanResult);
            return WholeReport.Is(report) ? report!
                : throw OperationErrors.NotAPlanReport.With("it lacks plan or images, or part of what a report says of them").In(path);
        }
        catch (JsonException malformed)
        {
            throw OperationErrors.NotAPlanReport.Because(malformed, malformed.Message.TrimEnd('.')).In(path);
        }
    }
}
