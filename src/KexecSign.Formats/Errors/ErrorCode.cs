using System.Globalization;

namespace KexecSign.Formats.Errors;

/// <summary>What kind of failure an error is; what a process says of it, is told above.</summary>
public enum ErrorKind
{
    /// <summary>It was refused or could not be done.</summary>
    Failure,

    /// <summary>The command line, plan or option does not make sense.</summary>
    Usage,

    /// <summary>A verification was carried out and its answer is no.</summary>
    Verdict,
}

/// <summary>
/// One thing that can go wrong, with a stable number. <see cref="Says"/> is a composite format: it states what was
/// found and where, with both numbers; <see cref="Mend"/> says what to do about it and may use the same values.
/// </summary>
/// <param name="Id">Stable code of the form <c>KS####</c>; never reused.</param>
/// <param name="Says">Composite format string of the message, without code and without the way out.</param>
/// <param name="Mend">The way out, one or two sentences; a composite format too. Options and commands are named as <see cref="FaceWords"/>
/// says.</param>
/// <param name="Kind">Whether it is a failure, wrong usage or an answer.</param>
public sealed record ErrorCode(string Id, string Says, string Mend, ErrorKind Kind = ErrorKind.Failure)
{
    private readonly string _says = Says, _mend = Mend;

    /// <summary>Composite format string of the message, in the words of the face at work.</summary>
    public string Says => FaceWords.Current.Render(_says);

    /// <summary>The way out, in the words of the face at work.</summary>
    public string Mend => FaceWords.Current.Render(_mend);

    /// <summary>Makes the exception for this code.</summary>
    /// <param name="arguments">Values for <see cref="Says"/>; offsets and sizes go in as integers and are shown by the format's
    /// <c>{n:x}</c>.</param>
    public KexecSignException With(params object?[] arguments) => new(this, arguments, null);

    /// <summary>Makes the exception for this code, keeping the cause for a debugger; the cause's text is not shown.</summary>
    public KexecSignException Because(Exception cause, params object?[] arguments) => new(this, arguments, cause);

    internal string FormatSays(FaceWords face, object?[] arguments) => Format(face.Render(_says), arguments);

    internal string FormatMend(FaceWords face, object?[] arguments) => Format(face.Render(_mend), arguments);

    private static string Format(string text, object?[] arguments) => string.Format(CultureInfo.InvariantCulture, text, arguments);
}
