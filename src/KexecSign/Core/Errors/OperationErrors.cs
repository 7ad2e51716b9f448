using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <summary>Codes KS3xxx: an operation was asked for something it cannot or will not do.</summary>
public static partial class OperationErrors
{
    /// <summary>An input file is missing.</summary>
    internal static readonly ErrorCode InputMissing = new(
        "KS3001", "there is no such file.", "Check the path.");

    /// <summary>An input file cannot be read.</summary>
    internal static readonly ErrorCode InputUnreadable = new(
        "KS3002", "the file cannot be read: {0}.", "Check its permissions, and that it is a regular file.");

    /// <summary>An output cannot be written.</summary>
    internal static readonly ErrorCode OutputUnwritable = new(
        "KS3003", "the output cannot be written: {0}.", "Choose a folder that exists and that you may write to.");

    /// <summary>No space left.</summary>
    internal static readonly ErrorCode DiskFull = new(
        "KS3004", "the file system is full after 0x{0:x} of 0x{1:x} bytes.", "Free some space or choose another folder.");

    /// <summary>Output over input without being asked.</summary>
    internal static readonly ErrorCode OutputIsInput = new(
        "KS3005", "the output is the input.", "Give another [option:o], or say [option:in-place].");

    /// <summary>No output named.</summary>
    internal static readonly ErrorCode NoOutput = new(
        "KS3006", "no output is named for {0} input file(s).",
        "Give [option:o FILE] for one file, [option:o FOLDER] for several, or [option:in-place].", ErrorKind.Usage);

    /// <summary>An input changed while it was read.</summary>
    internal static readonly ErrorCode InputChanged = new(
        "KS3007", "the file was 0x{0:x} bytes long when it was opened but ends at 0x{1:x} now.",
        "Something writes to it; wait until it is done.");

    /// <summary>A file is no longer what was hashed.</summary>
    internal static readonly ErrorCode ChangedSinceHashed = new(
        "KS3008", "the file changed between hashing and packing.", "Something writes to it; wait until it is done.");

    /// <summary>Something that an option needs is missing.</summary>
    internal static readonly ErrorCode OptionMissing = new(
        "KS3010", "'{0}' needs {1}.", "See [run:{0}, help].", ErrorKind.Usage);

    /// <summary>Two options contradict each other.</summary>
    internal static readonly ErrorCode OptionsConflict = new(
        "KS3011", "{0} and {1} cannot be given together.", "Leave one of them out.", ErrorKind.Usage);

    /// <summary>A value that an option does not take.</summary>
    public static readonly ErrorCode OptionValue = new(
        "KS3012", "[option:{0}] does not take '{1}'.", "It takes {2}.", ErrorKind.Usage);

    /// <summary>Two inputs of a batch lead to one output.</summary>
    internal static readonly ErrorCode SameOutput = new(
        "KS3013", "{0} and {1} would both become {2}.", "Give each file once, and files of the same name in runs of their own.",
        ErrorKind.Usage);

    /// <summary>The file has signatures already.</summary>
    internal static readonly ErrorCode AlreadySigned = new(
        "KS3021", "the image carries {0} signature(s) already, the first by {1}.",
        "Say [option:replace] to drop them, [option:append] to add behind, or [option:prepend] to add in front (the kernel reads only "
            + "the first).");
}
