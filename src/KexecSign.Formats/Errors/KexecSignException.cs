namespace KexecSign.Formats.Errors;

/// <summary>
/// The only exception that the libraries raise for bad input, refused work or a failing device. Its message is one line:
/// code, file, what and where, how to mend.
/// </summary>
public sealed class KexecSignException : Exception
{
    /// <summary>Made by <see cref="ErrorCode.With"/>.</summary>
    internal KexecSignException(ErrorCode code, string says, string mend, Exception? cause = null, string? file = null, int line = 0, int column = 0)
        : base(OneLine(code, says, mend, Where(file, line, column)), cause)
    {
        Code = code;
        Says = says;
        Mend = mend;
        File = file;
        Line = line;
        Column = column;
    }

    /// <summary>What went wrong.</summary>
    public ErrorCode Code { get; }

    /// <summary>The message without code, file and way out.</summary>
    public string Says { get; }

    /// <summary>The way out.</summary>
    public string Mend { get; }

    /// <summary>The file concerned, when there is one.</summary>
    public string? File { get; }

    /// <summary>Line of a text file, counted from 1; 0 when the error has none.</summary>
    public int Line { get; }

    /// <summary>Column in that line, counted from 1 in characters; 0 when the error has none.</summary>
    public int Column { get; }

    /// <summary>The same error, naming the file it was found in. Parsers do not know file names; operations add them.</summary>
    public KexecSignException In(string file) => File is null ? new(Code, Says, Mend, InnerException, file, Line, Column) : this;

    /// <summary>The same error with the place in a text file where it was found.</summary>
    public KexecSignException At(int line, int column) => Line == 0 && File is null ? new(Code, Says, Mend, InnerException, File, line, column) : this;

    private static string OneLine(ErrorCode code, string says, string mend, string where) => $"{code.Id}: {where}{says} {mend}";

    private static string Where(string? file, int line, int column) => (file, line) switch
    {
        (null, 0) => "",
        (null, _) => $"line {line}, column {column}: ",
        (_, 0) => $"{file}: ",
        _ => $"{file}:{line}:{column}: ",
    };
}
