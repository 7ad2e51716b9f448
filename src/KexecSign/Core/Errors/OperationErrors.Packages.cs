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

    /// <summary>A payload that nobody can look into.</summary>
    internal static readonly ErrorCode RpmPayloadUnread = new(
        "KS3351", "the package's payload ({0}) cannot be read: {1}.",
        "Files are signed that were seen: build the package with '%_binary_payload w3.zstdio', or sign its files with [run:ima sign].");

    /// <summary>A digest of no file.</summary>
    internal static readonly ErrorCode RpmContentUnseen = new(
        "KS3352", "{0} file(s) of the package have a {1} that no file in its payload has; the first is {2}.",
        "Its list of files is not that of its payload, and rpm would not install it: build it again.");
}
