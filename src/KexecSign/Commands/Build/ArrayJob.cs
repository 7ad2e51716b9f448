using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Build;

/// <summary>
/// A scheduler that runs one job many times, each with a number of its own, and the environment variables that it says it in.
/// </summary>
/// <param name="Name">What people call it.</param>
/// <param name="Index">Variable with this job's number.</param>
/// <param name="First">The first job's number: 0 or 1. Ignored where <paramref name="FirstVariable"/> says it.</param>
/// <param name="Count">Variable with the number of jobs; null where the scheduler tells none.</param>
/// <param name="FirstVariable">Variable with the first job's number, where who submits may choose it.</param>
/// <param name="LastVariable">Variable with the last job's number, likewise.</param>
internal sealed record ArrayJob(
    string Name, string Index, int First, string? Count, string? FirstVariable = null, string? LastVariable = null)
{
    /// <summary>What <c>--shard</c> says for "the array job that this is part of".</summary>
    public const string Auto = "auto";

    /// <summary>
    /// Those that are known, from their own documents: sbatch(1) "OUTPUT ENVIRONMENT VARIABLES", Kubernetes' "Indexed Job",
    /// GitLab's and Azure's "Predefined variables", Buildkite's "Environment variables", AWS Batch's "Job environment variables",
    /// CircleCI's "Built-in environment variables". GitHub sets none for a matrix: its action hands on what
    /// <c>strategy.job-index</c> and <c>strategy.job-total</c> say.
    /// </summary>
    public static readonly ImmutableArray<ArrayJob> Known =
    [
        new("Slurm", "SLURM_ARRAY_TASK_ID", 0, "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX"),
        new("Kubernetes", "JOB_COMPLETION_INDEX", 0, null),
        new("GitLab", "CI_NODE_INDEX", 1, "CI_NODE_TOTAL"),
        new("Azure Pipelines", "SYSTEM_JOBPOSITIONINPHASE", 1, "SYSTEM_TOTALJOBSINPHASE"),
        new("Buildkite", "BUILDKITE_PARALLEL_JOB", 0, "BUILDKITE_PARALLEL_JOB_COUNT"),
        new("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", 0, "AWS_BATCH_JOB_ARRAY_SIZE"),
        new("CircleCI", "CIRCLE_NODE_INDEX", 0, "CIRCLE_NODE_TOTAL"),
        new("KexecSign", "KEXECSIGN_JOB_INDEX", 0, "KEXECSIGN_JOB_TOTAL"),
    ];

    /// <summary>The shard of the array job that this process is part of.</summary>
    /// <param name="given">How many jobs there are, where who calls has said so; it must be what the scheduler says.</param>
    /// <param name="environment">Reads a variable; null when it is not set.</param>
    /// <exception cref="KexecSignException">
    /// KS3316 without an array job; KS3317 to KS3319, KS3323 and KS3324 for what it says; KS3325 where two disagree.
    /// </exception>
    public static PlanShard Shard(int? given, Func<string, string?> environment)
    {
        (ArrayJob Job, PlanShard Shard)[] found =
            [.. Known.Where(j => !string.IsNullOrEmpty(environment(j.Index))).Select(j => (j, j.Read(given, environment)))];
        if (found.Length == 0)
            throw OperationErrors.NoArrayJob.With(string.Join(", ", Known.Select(j => $"{j.Index} ({j.Name})")));
        (ArrayJob first, PlanShard shard) = found[0];
        foreach ((ArrayJob other, PlanShard others) in found.Skip(1))
        {
            // A runner can itself be a job of another scheduler; then only who set it up knows which of them splits the plan.
            if (others != shard)
                throw OperationErrors.ArrayJobsDisagree.With(first.Name, shard.Index, shard.Count, other.Name, others.Index, others.Count);
        }
        return shard;
    }

    private PlanShard Read(int? given, Func<string, string?> environment)
    {
        int index = Number(Index, environment);
        int first = FirstVariable is null ? First : Number(FirstVariable, environment);
        int? said = Count is null || string.IsNullOrEmpty(environment(Count)) ? null : Number(Count, environment);
        // Indices with gaps, or one index alone that is run again: the plan's parts are those of the whole array, which is not known here.
        if (said is not null && (first > 1 || (LastVariable is not null && Number(LastVariable, environment) - first + 1 != said)))
            throw OperationErrors.ArrayWithGaps.With(Name, said, $"{FirstVariable}={first}, {LastVariable}={environment(LastVariable!)}");
        int count = (said, given) switch
        {
            (null, null) => throw OperationErrors.ArrayWithoutCount.With(Name, Index, index),
            (null, int of) => of,
            (int of, null) => of,
            (int of, int wanted) when of == wanted => of,
            (int of, int wanted) => throw OperationErrors.ArrayOfAnotherCount.With(Name, of, wanted),
        };
        return index >= first && index - first < count && count <= PlanRun.MostShards
            ? new(index - first + 1, count)
            : throw OperationErrors.ArrayNumber.With(Index, index, first, (long)first + count - 1);
    }

    private static int Number(string variable, Func<string, string?> environment) =>
        int.TryParse(environment(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw OperationErrors.ArrayVariable.With(variable, environment(variable) ?? "");
}
