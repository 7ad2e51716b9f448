namespace KexecSign.Core.Errors;

/// <summary>What the system said when a file could not be opened, read or written, in one short clause.</summary>
internal static class FileFailure
{
    // errno values of Linux, as .NET leaves them in IOException.HResult.
    private const int NoSpace = 28, QuotaExceeded = 122;

    /// <summary>Whether the file system or the user's quota is full.</summary>
    public static bool IsDiskFull(Exception failure) => failure is IOException && failure.HResult is NoSpace or QuotaExceeded;

    /// <summary>The reason without the path, which the error line names already.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        DirectoryNotFoundException => "its folder does not exist",
        FileNotFoundException => "it does not exist",
        UnauthorizedAccessException => "permission denied, or it is a folder",
        IOException when IsDiskFull(failure) => "no space left on the file system",
        IOException when failure.Message.Contains("Read-only file system", StringComparison.Ordinal) => "the file system is read-only",
        _ => failure.Message.Split(" : ")[0].TrimEnd('.'),
    };
}
