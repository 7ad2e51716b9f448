namespace KexecSign.Keys.Pins;

/// <summary>What is wrong with a file, in words that do not repeat its path.</summary>
internal static class FileFault
{
    public static string Of(Exception cause) => cause switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it does not exist",
        UnauthorizedAccessException => "it may not be read, or is a directory",
        ArgumentException => "its name is none that a file can have",
        _ => "reading failed",
    };
}
