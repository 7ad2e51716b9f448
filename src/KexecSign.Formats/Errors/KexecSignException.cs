namespace KexecSign.Formats.Errors;

/// <summary>
/// The only exception that the libraries raise for bad input, refused work or a failing device. Its message is one line:
/// code, file, what and where, how to mend.
/// </summary>
public sealed class KexecSignException : Exception
{
    private readonly object?[] _arguments;
    private readonly FaceWords _face;
    private readonly string _says, _mend;

    /// <summary>Made by <see cref="ErrorCode.With"/>.</summary>
    internal KexecSignException(ErrorCode code, object?[] arguments, Exception? cause = null, string? file = null, int line = 0,
        int column = 0)
        : base(null, cause)
    {
        Code = code;
        File = file;
        Line = line;
        Column = column;
        _arguments = arguments;
        // Said now, because values may be gone when somebody asks; and once more where another face asks.
        _face = FaceWords.Current;
        _says = code.FormatSays(_face, arguments);
        _mend = code.FormatMend(_face, arguments);
    }

    /// <inheritdoc/>
    public override string Message => $"{Code.Id}: {Where(File, Line, Column)}{Says} {Mend}";

    /// <summary>What went wrong.</summary>
    public ErrorCode Code { get; }

    /// <summary>The message without code, file and way out.</summary>
    public string Says => ReferenceEquals(_face, FaceWords.Current) ? _says : Code.FormatSays(FaceWords.Current, _arguments);

    /// <summary>The way out.</summary>
    public string Mend => ReferenceEquals(_face, FaceWords.Current) ? _mend : Code.FormatMend(FaceWords.Current, _arguments);

    /// <summary>The file concerned, when there is one.</summary>
    public string? File { get; }

    /// <summary>Line of a text file, counted from 1; 0 when the error has none.</summary>
    public int Line { get; }

    /// <summary>Column in that line, counted from 1 in characters; 0 when the error has none.</summary>
    public int Column { get; }

    /// <summary>The same error, naming the file it was found in. Parsers do not know file names; operations add them.</summary>
    public KexecSignException In(string file) => File is null ? new(Code, _arguments, InnerException, file, Line, Column) : this;

    /// <summary>The same error with the place in a text file where it was found.</summary>
    public KexecSignException At(int line, int column) =>
        Line == 0 && File is null ? new(Code, _arguments, InnerException, File, line, column) : this;

    private static string Where(string? file, int line, int column) => (file, line) switch
    {
        (null, 0) => "",
        (null, _) => $"line {line}, column {column}: ",
        (_, 0) => $"{file}: ",
        _ => $"{file}:{line}:{column}: ",
    };
}
