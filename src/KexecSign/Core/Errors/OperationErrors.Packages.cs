using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A package whose parts are not those that it was built of.</summary>
    internal static readonly ErrorCode RpmPartChanged = new(
        "KS3341", "the package's {0} has {1} {2}, but the package says {3}.",
        "The package is cut short or was changed after it was built; get it again ('rpm -K' says the same).");

    /// <summary>A package that says nothing of a part of itself.</summary>
    internal static readonly ErrorCode RpmUndigested = new(
        "KS3342", "the package has no digest of its {0} that is known here; SHA-256, SHA-384, SHA-512, and of older packages SHA-1 and "
            + "MD5 are.",
        "Nothing tells whether it is as it was built: build it again with rpm 4.14 or later.");
}
