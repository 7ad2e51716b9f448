namespace KexecSign.Core.Errors;

/// <summary>What the system said when a file could not be opened, read or written, in one short clause.</summary>
internal static class FileFailure
{
    // errno values of Linux, as .NET leaves them in IOException.HResult.
    private const int NotPermitted = 1, NoEntry = 2, InputOutput = 5, AccessDenied = 13, CrossDevice = 18, NotAFolder = 20, IsAFolder = 21,
        TooManyOpen = 24, NoSpace = 28, ReadOnlySystem = 30, BrokenPipe = 32, TooManyLinks = 40, QuotaExceeded = 122;

    /// <summary>Whether the file system or the user's quota is full.</summary>
    public static bool IsDiskFull(Exception failure) => failure is IOException && failure.HResult is NoSpace or QuotaExceeded;

    /// <summary>The reason without the path, which the error line names already.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        DirectoryNotFoundException => "its folder does not exist",
        FileNotFoundException => "it does not exist",
        UnauthorizedAccessException => "permission denied, or it is a folder",
        IOException => Reason(failure.HResult) ?? Text(failure),
        _ => Text(failure),
    };

    private static string? Reason(int error) => error switch
    {
        NoEntry or NotAFolder => "its folder does not exist",
        NotPermitted or AccessDenied => "permission denied",
        InputOutput => "the disk reports an error (EIO)",
        CrossDevice => "another file system is mounted there (EXDEV)",
        IsAFolder => "it is a folder",
        TooManyOpen => "too many files are open",
        NoSpace or QuotaExceeded => "no space left on the file system",
        ReadOnlySystem => "the file system is read-only",
        BrokenPipe => "whoever reads it has gone",
        TooManyLinks => "its links go in a circle, or lead where they may not",
        _ => null,
    };

    private static string Text(Exception failure) => failure.Message.Split(" : ")[0].TrimEnd('.');
}
