using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>Nothing to take off.</summary>
    internal static readonly ErrorCode NothingToRemove = new(
        "KS3701", "the image carries no signature.", "There is nothing to remove; use it as it is.");

    /// <summary>An image without signatures to copy.</summary>
    internal static readonly ErrorCode NothingToCopy = new(
        "KS4724", "the image carries no signature, so there is none to copy.",
        "Name the image that was signed with [option:from], and the one that is to get its signatures behind it.");
}
