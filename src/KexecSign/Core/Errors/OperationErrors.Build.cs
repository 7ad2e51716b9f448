using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A plan that is no JSON object of options.</summary>
    internal static readonly ErrorCode PlanMalformed = new(
        "KS3201", "the plan is not a JSON object of option names and values: {0}.", "See [run:build, help] for the names.",
        ErrorKind.Usage);

    /// <summary>A name that is no option.</summary>
    internal static readonly ErrorCode PlanNameUnknown = new(
        "KS3202", "the plan says '{0}', which is no option of build.", "See [run:build, help] for the names.", ErrorKind.Usage);

    /// <summary>What was built does not verify.</summary>
    internal static readonly ErrorCode BuiltUnverified = new(
        "KS3203", "what was built is refused by {0}: {1}.",
        "Nothing was put in place. Check that the certificates are those of the keys; otherwise please report it.");
}
