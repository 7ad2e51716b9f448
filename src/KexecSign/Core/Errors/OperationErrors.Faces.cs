using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <content>What the faces, and the net below them, report.</content>
public static partial class OperationErrors
{
    /// <summary>A fault of the program itself.</summary>
    internal static readonly ErrorCode Internal = new(
        "KS3000", "internal error ({0}).",
        "This is a fault of KexecSign: run the command again with -v and report what it prints, after taking out what is not for others "
            + "to see.");

    /// <summary>Ctrl-C, SIGTERM or a cancelled build.</summary>
    public static readonly ErrorCode Interrupted = new(
        "KS3036", "interrupted.", "What was not finished was left as it was; run it again.");

    /// <summary>The system refused something and no one below said more precisely what.</summary>
    internal static readonly ErrorCode SystemRefused = new(
        "KS3009", "the system says: {0}.", "Check the path, its permissions and the space left.");

    /// <summary>A command line that cannot be understood.</summary>
    public static readonly ErrorCode CommandLine = new(
        "KS3030", "{0}.", "Add [option:help] to see what is expected.", ErrorKind.Usage);

    /// <summary>No such command.</summary>
    public static readonly ErrorCode CommandUnknown = new(
        "KS3031", "there is no command '{0}'{1}", "[run:, help] lists the commands.", ErrorKind.Usage);

    /// <summary>An option that the operation does not have.</summary>
    public static readonly ErrorCode OptionUnknown = new(
        "KS3032", "'{0}' has no option '{1}'{2}", "See [run:{0}, help].", ErrorKind.Usage);

    /// <summary>An option given twice that takes one value.</summary>
    public static readonly ErrorCode OptionRepeated = new(
        "KS3034", "'{0}' takes '{1}' only once.", "Leave one of them out.", ErrorKind.Usage);

    /// <summary>More than one value for an argument that takes one.</summary>
    public static readonly ErrorCode ArgumentRepeated = new(
        "KS3038", "'{0}' takes one {1}; '{2}' is one more.", "Run it once for each.", ErrorKind.Usage);

    /// <summary>A value of no characters, as an unset variable in a script gives it.</summary>
    public static readonly ErrorCode ValueEmpty = new(
        "KS3037", "'{0}' was given an empty value for {1}.",
        "Often a variable that is not set: give a value, or leave it out.", ErrorKind.Usage);

    /// <summary>A response file that cannot be read.</summary>
    public static readonly ErrorCode ResponseFile = new(
        "KS3035", "'@' in front of an argument stands for a file of arguments, and this one cannot be read: {0}.",
        "Check the path behind '@', which holds one argument a line; the name of a key stands behind an option: [option:key @NAME].",
        ErrorKind.Usage);
}
