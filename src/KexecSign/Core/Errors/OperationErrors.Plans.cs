using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <content>Plans of many images, their reports, provenance and policy files.</content>
public static partial class OperationErrors
{
    /// <summary>No JSON.</summary>
    internal static readonly ErrorCode DocumentSyntax = new(
        "KS3301", "this is no JSON: {0}.", "Correct it there; comments and trailing commas are allowed, a name twice in one object is "
            + "not.", ErrorKind.Usage);

    /// <summary>A value of the wrong kind, or none where one must be.</summary>
    internal static readonly ErrorCode DocumentWrong = new(
        "KS3302", "{0}.", "See plan.schema.json, keys-file.schema.json or policy.schema.json in docs/schema.", ErrorKind.Usage);

    /// <summary>A name that nothing is known by.</summary>
    internal static readonly ErrorCode DocumentName = new(
        "KS3303", "{0} has no '{1}'.", "It may have {2}.", ErrorKind.Usage);

    /// <summary>Steps that are no line.</summary>
    internal static readonly ErrorCode PlanSteps = new(
        "KS3304", "the step '{0}' cannot stand behind '{1}'.", "The order is {2}, each at most once.", ErrorKind.Usage);

    /// <summary>A key that is not described.</summary>
    internal static readonly ErrorCode PlanKeyUnknown = new(
        "KS3305", "there is no key '{0}'; there are {1}.", "Add it to 'keys', to the file that [option:keys] names, or to the "
            + "configuration.", ErrorKind.Usage);

    /// <summary>Two images of one name or output.</summary>
    internal static readonly ErrorCode PlanTwice = new(
        "KS3306", "'{0}' is the {1} of the image in line {2} already.",
        "Give each image a name and files of its own.", ErrorKind.Usage);

    /// <summary>No shard.</summary>
    internal static readonly ErrorCode ShardMalformed = new(
        "KS3307", "'{0}' is no shard.", "Say [option:shard I/N] with I from 1 to N and N at most 10000, for instance 2/5, or auto in "
            + "an array job.", ErrorKind.Usage);

    /// <summary>Automatic, and nothing to go by.</summary>
    internal static readonly ErrorCode NoArrayJob = new(
        "KS3316", "this is no array job: none of {0} is set.", "Say which part it is: [option:shard I/N].", ErrorKind.Usage);

    /// <summary>A scheduler's variable that holds no number.</summary>
    internal static readonly ErrorCode ArrayVariable = new(
        "KS3317", "{0} is '{1}', no number.", "Say which part it is: [option:shard I/N].", ErrorKind.Usage);

    /// <summary>A job's number that is none of its array's.</summary>
    internal static readonly ErrorCode ArrayNumber = new(
        "KS3318", "{0} is {1}, not from {2} to {3}.", "Say [option:shard auto/N] with as many parts as the array has jobs, at most "
            + "10000.", ErrorKind.Usage);

    /// <summary>An array of which the number of jobs is not known.</summary>
    internal static readonly ErrorCode ArrayWithoutCount = new(
        "KS3319", "{0} says which job this is ({1}={2}), not of how many.", "Say [option:shard auto/N], with N the number of "
            + "jobs.", ErrorKind.Usage);

    /// <summary>An array of more or fewer jobs than was said.</summary>
    internal static readonly ErrorCode ArrayOfAnotherCount = new(
        "KS3323", "{0}'s array has {1} job(s), and [option:shard] says {2}.",
        "Leave the number out, or submit as many jobs.", ErrorKind.Usage);

    /// <summary>Not every number from the first to the last.</summary>
    internal static readonly ErrorCode ArrayWithGaps = new(
        "KS3324", "{0}'s array has {1} job(s), which are not all from 0 or 1 on ({2}).",
        "Submit --array=1-N (a job that failed is run again by 'scontrol requeue'), or say [option:shard I/N].", ErrorKind.Usage);

    /// <summary>Two schedulers that say different things.</summary>
    internal static readonly ErrorCode ArrayJobsDisagree = new(
        "KS3325", "{0} says that this is part {1} of {2}, {3} says part {4} of {5}.",
        "Say which it is: [option:shard I/N].", ErrorKind.Usage);

    /// <summary>Options of one image beside a plan of many.</summary>
    internal static readonly ErrorCode PlanAndOption = new(
        "KS3308", "{0} says what one image is to be, and the plan has {1}.", "Put it into the plan.", ErrorKind.Usage);

    /// <summary>An image in the place of a plan.</summary>
    internal static readonly ErrorCode PlanIsImage = new(
        "KS3326", "a plan is JSON, and this is: {0}.", "A kernel or another EFI image goes behind [option:image].", ErrorKind.Usage);

    /// <summary>Shards of nothing.</summary>
    internal static readonly ErrorCode NoPlanToShard = new(
        "KS3309", "{0} needs a plan with 'images'.", "Give such a plan, or leave it out.", ErrorKind.Usage);

    /// <summary>A report that is none.</summary>
    internal static readonly ErrorCode NotAPlanReport = new(
        "KS3311", "this is no report of a plan: {0}.", "Give the files that [run:build PLAN, report FILE] wrote.", ErrorKind.Usage);

    /// <summary>Reports of different plans.</summary>
    internal static readonly ErrorCode OtherPlan = new(
        "KS3312", "the report is of the plan with SHA-256 {0}, that of {1} is of {2}.",
        "Merge reports of one and the same plan.", ErrorKind.Usage);

    /// <summary>A shard that is missing.</summary>
    internal static readonly ErrorCode ShardMissing = new(
        "KS3313", "{0} of the plan's {1} image(s) are in none of the reports: {2}.", "Add the reports of the other shards, or run the "
            + "plan again without [option:shard].");

    /// <summary>A shard that came twice.</summary>
    internal static readonly ErrorCode ShardTwice = new(
        "KS3314", "the image '{0}' is in the report of {1} too.", "Give each shard's report once.", ErrorKind.Usage);

    /// <summary>Policy said no before anything was put in place.</summary>
    internal static readonly ErrorCode BuiltAgainstPolicy = new(
        "KS3315", "what was built breaks the policy {0}: {1}.", "Nothing was put in place. Change what the rule is about, or the "
            + "policy.", ErrorKind.Verdict);

    /// <summary>Certificates without a role, for signatures of several.</summary>
    internal static readonly ErrorCode CertificateRole = new(
        "KS3330", "the certificates have no role, and the file is judged by several signatures: {0}.",
        "Say [option:db] for firmware and shim, [option:kexec-cert] for the kernel's keyrings and [option:ima-cert] for .ima, or ask "
            + "[option:for] one; in a policy, 'certificates' with 'db', 'kexec' and 'ima'.",
        ErrorKind.Usage);

    /// <summary>Content that is made to be taken for something else.</summary>
    internal static readonly ErrorCode AttributesAsContent = new(
        "KS3331", "the content, 0x{0:x} bytes, is a SET of signed attributes: a bare signature of it could be put into a PE image, "
            + "which then counts as signed by this key.",
        "Nothing that a kernel package holds has this form; find out where the file comes from.");

    /// <summary>Content that is made to be taken for the signed form of another file.</summary>
    internal static readonly ErrorCode FileIdAsContent = new(
        "KS3334", "the content, {0} bytes, is the structure that IMA and EVM signatures of version 3 are over (struct ima_file_id): a bare "
            + "signature of it would be one of the file whose digest it holds.",
        "Nothing that a kernel package holds has this form; find out where the file comes from.");

    /// <summary>No envelope.</summary>
    internal static readonly ErrorCode NotProvenance = new(
        "KS3321", "this is no provenance: {0}.", "Give the file that [run:build, provenance FILE] wrote.", ErrorKind.Usage);

    /// <summary>Provenance signed by nobody.</summary>
    internal static readonly ErrorCode ProvenanceUnsigned = new(
        "KS3322", "nothing is named to sign the provenance with; the image's key is not taken unasked.",
        "Give [option:provenance-key] and [option:provenance-cert]; in a plan, a 'key' of the step.", ErrorKind.Usage);
}
