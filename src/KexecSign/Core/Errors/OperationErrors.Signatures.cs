using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>Nothing to take off.</summary>
    public static readonly ErrorCode NothingToRemove = new(
        "KS3701", "the image carries no signature.", "There is nothing to remove; use it as it is.");
}
