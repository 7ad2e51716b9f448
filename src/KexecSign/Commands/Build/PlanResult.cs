using System.Collections.Immutable;
using KexecSign.Core.Reports;
using KexecSign.Core;

namespace KexecSign.Commands.Build;

/// <summary>What became of an image of a plan.</summary>
public enum PlannedImageStatus
{
    /// <summary>It was built and verified now.</summary>
    Built,

    /// <summary>It was there, made from the same inputs in the same way, and verified.</summary>
    Kept,

    /// <summary>It could not be built; what was there before is there still.</summary>
    Failed,
}

/// <summary>A part of a plan's images.</summary>
/// <param name="Index">Which, from 1.</param>
/// <param name="Count">Of how many.</param>
public sealed record PlanShard(int Index, int Count);

/// <summary>An image of a plan.</summary>
/// <param name="Index">Its place in the plan, from 0.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Result">What was built or kept; null when it failed.</param>
/// <param name="Code">KS code of a failure.</param>
/// <param name="Message">The error line.</param>
public sealed record PlannedImageResult(int Index, string Name, PlannedImageStatus Status, BuildResult? Result, string? Code,
    string? Message);

/// <summary>The result of <c>build</c> with a plan of many images, and of <c>plan merge</c>.</summary>
public sealed record PlanResult : BuildOutcome
{
    /// <summary>The plan as it was read.</summary>
    public required BuildInput Plan { get; init; }

    /// <summary>The part that this is of; null for the whole.</summary>
    public PlanShard? Shard { get; init; }

    /// <summary>How many images the whole plan has.</summary>
    public required int Total { get; init; }

    /// <summary>The images of this part, in the plan's order.</summary>
    public required ImmutableArray<PlannedImageResult> Images { get; init; }

    /// <inheritdoc/>
    public override ExitCode Exit => Images.Count(i => i.Status == PlannedImageStatus.Failed) switch
    {
        0 => ExitCode.Done,
        int failed when failed == Images.Length => ExitCode.Failed,
        _ => ExitCode.SomeFailed,
    };

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Plan.File}{(Shard is null ? "" : $", shard {Shard.Index}/{Shard.Count}")}: {Count(PlannedImageStatus.Built)} built, "
            + $"{Count(PlannedImageStatus.Kept)} kept, {Count(PlannedImageStatus.Failed)} failed, of {Total} image(s)",
        Images.IsEmpty ? [] :
        [
            new("", ["image", "status", "file", "sha256"],
                [.. Images.Select(i => ImmutableArray.Create(i.Name, i.Status.ToString().ToLowerInvariant(), i.Result?.File ?? "-",
                    i.Result is { Outputs.IsDefaultOrEmpty: false } r ? r.Outputs[0].Sha256 : "-"))]),
        ],
        [])
    {
        Failures = [.. Images.Where(i => i.Message is not null).Select(i => new ReportFailure(i.Code ?? "", i.Message!))],
    };

    private int Count(PlannedImageStatus status) => Images.Count(i => i.Status == status);
}
