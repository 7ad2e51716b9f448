using KexecSign.Commands.Build;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Build;

/// <summary>
/// Which part of a plan a job of an array builds. The variables and what they count from are those of the schedulers' documents; Slurm's
/// are what sbatch itself sets in tests/Callers.
/// </summary>
public sealed class ArrayJobTests
{
    [Theory]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=4", "1/4")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=4", "4/4")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3", "1/4")]
    [InlineData("auto/4", "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3", "4/4")]
    [InlineData("auto/5", "JOB_COMPLETION_INDEX=0", "1/5")]
    [InlineData("auto/5", "JOB_COMPLETION_INDEX=4", "5/5")]
    [InlineData("auto", "CI_NODE_INDEX=1 CI_NODE_TOTAL=3", "1/3")]
    [InlineData("auto", "CI_NODE_INDEX=3 CI_NODE_TOTAL=3", "3/3")]
    [InlineData("auto", "SYSTEM_JOBPOSITIONINPHASE=2 SYSTEM_TOTALJOBSINPHASE=2", "2/2")]
    [InlineData("auto", "BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=2", "1/2")]
    [InlineData("auto", "AWS_BATCH_JOB_ARRAY_INDEX=9 AWS_BATCH_JOB_ARRAY_SIZE=10", "10/10")]
    [InlineData("auto", "CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=2", "2/2")]
    [InlineData("auto", "KEXECSIGN_JOB_INDEX=0 KEXECSIGN_JOB_TOTAL=2", "1/2")]
    [InlineData("auto", "CI_NODE_INDEX=2 CI_NODE_TOTAL=3 KEXECSIGN_JOB_INDEX=1 KEXECSIGN_JOB_TOTAL=3", "2/3")]
    [InlineData("auto", "CI_NODE_INDEX= KEXECSIGN_JOB_INDEX=1 KEXECSIGN_JOB_TOTAL=3", "2/3")]
    [InlineData("2/7", "CI_NODE_INDEX=1 CI_NODE_TOTAL=3", "2/7")]
    public void A_job_builds_the_part_that_its_scheduler_says(string said, string variables, string part)
    {
        PlanShard shard = PlanRun.Shard(said, Environment(variables))!;
        $"{shard.Index}/{shard.Count}".ShouldBe(part);
    }

    [Theory]
    [InlineData("auto", "", "KS3316", "SLURM_ARRAY_TASK_ID (Slurm)")]
    [InlineData("auto/3", "", "KS3316", "JOB_COMPLETION_INDEX (Kubernetes)")]
    [InlineData("auto", "CI_NODE_INDEX=x CI_NODE_TOTAL=3", "KS3317", "CI_NODE_INDEX is 'x'")]
    [InlineData("auto", "CI_NODE_INDEX=-1 CI_NODE_TOTAL=3", "KS3317", "'-1'")]
    [InlineData("auto", "CI_NODE_INDEX=99999999999 CI_NODE_TOTAL=3", "KS3317", "'99999999999'")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=4", "KS3317", "SLURM_ARRAY_TASK_MIN is ''")]
    [InlineData("auto", "CI_NODE_INDEX=0 CI_NODE_TOTAL=3", "KS3318", "CI_NODE_INDEX is 0, not from 1 to 3")]
    [InlineData("auto", "CI_NODE_INDEX=4 CI_NODE_TOTAL=3", "KS3318", "4, not from 1 to 3")]
    [InlineData("auto/2", "JOB_COMPLETION_INDEX=2", "KS3318", "2, not from 0 to 1")]
    [InlineData("auto", "CI_NODE_INDEX=1 CI_NODE_TOTAL=10001", "KS3318", "at most 10000")]
    [InlineData("auto", "CI_NODE_INDEX=0 CI_NODE_TOTAL=0", "KS3318", "from 1 to 0")]
    [InlineData("auto", "JOB_COMPLETION_INDEX=0", "KS3319", "auto/N")]
    [InlineData("auto/4", "CI_NODE_INDEX=1 CI_NODE_TOTAL=3", "KS3323", "3 job(s), and --shard says 4")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_MAX=7", "KS3324", "SLURM_ARRAY_TASK_MIN=7")]
    [InlineData("auto", "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=5", "KS3324", "3 job(s)")]
    [InlineData("auto", "CI_NODE_INDEX=1 CI_NODE_TOTAL=3 KEXECSIGN_JOB_INDEX=1 KEXECSIGN_JOB_TOTAL=3", "KS3325", "GitLab says that this is part 1 of 3, KexecSign says part 2 of 3")]
    [InlineData("auto/0", "JOB_COMPLETION_INDEX=0", "KS3307", "auto/0")]
    [InlineData("auto/", "JOB_COMPLETION_INDEX=0", "KS3307", "auto/")]
    [InlineData("Auto", "JOB_COMPLETION_INDEX=0", "KS3307", "Auto")]
    public void What_is_no_part_of_a_whole_is_refused(string said, string variables, string code, string says) =>
        Refusal.Of(code, () => PlanRun.Shard(said, Environment(variables)), says);

    [Fact]
    public void Every_scheduler_is_tried_above()
    {
        string[] tried = [.. typeof(ArrayJobTests).GetMethod(nameof(A_job_builds_the_part_that_its_scheduler_says))!
            .GetCustomAttributesData().SelectMany(a => a.ConstructorArguments).Select(a => a.ToString())];
        ArrayJob.Known.ShouldAllBe(job => tried.Any(t => t.Contains(job.Index + "=")));
    }

    private static Func<string, string?> Environment(string variables)
    {
        Dictionary<string, string> set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
        return name => set.GetValueOrDefault(name);
    }
}
