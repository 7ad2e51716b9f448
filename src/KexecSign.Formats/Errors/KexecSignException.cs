namespace KexecSign.Formats.Errors;

/// <summary>
/// The only exception that the libraries raise for bad input, refused work or a failing device. Its message is one line:
/// code, file, what and where, how to mend.
/// </summary>
public sealed class KexecSignException : Exception
{
    /// <summary>Made by <see cref="ErrorCode.With"/>.</summary>
    internal KexecSignException(ErrorCode code, string says, string mend, Exception? cause = null, string? file = null)
        : base(Line(code, says, mend, file), cause)
    {
        Code = code;
        Says = says;
        Mend = mend;
        File = file;
    }

    /// <summary>What went wrong.</summary>
    public ErrorCode Code { get; }

    /// <summary>The message without code, file and way out.</summary>
    public string Says { get; }

    /// <summary>The way out.</summary>
    public string Mend { get; }

    /// <summary>The file concerned, when there is one.</summary>
    public string? File { get; }

    /// <summary>The same error, naming the file it was found in. Parsers do not know file names; operations add them.</summary>
    public KexecSignException In(string file) => File is null ? new(Code, Says, Mend, InnerException, file) : this;

    private static string Line(ErrorCode code, string says, string mend, string? file)
    {
        string where = file is null ? "" : file + ": ";
        return $"{code.Id}: {where}{says} {mend}";
    }
}
