using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <content>What the layer that touches the disk refuses.</content>
public static partial class OperationErrors
{
    /// <summary>An input that is no file.</summary>
    internal static readonly ErrorCode InputKind = new(
        "KS3050", "it is {0}, and not a file that can be read as an input.",
        "Give a regular file, or a stream: '-', /dev/stdin or a pipe.");

    /// <summary>In a batch, where each file gets something of its own.</summary>
    internal static readonly ErrorCode InputNotRegular = new(
        "KS3051", "it is {0}, and only regular files can be signed here.", "Give a regular file.");

    /// <summary>An output that would take away what the run reads.</summary>
    internal static readonly ErrorCode OutputIsRead = new(
        "KS3052", "the output is {0}, which this run reads.",
        "Give another output: what a run reads is never replaced by it, unless [option:in-place] says so.");

    /// <summary>An output that is no file.</summary>
    internal static readonly ErrorCode OutputKind = new(
        "KS3053", "the output is {0}, which is never replaced.",
        "Give the path of a file, '-' for standard output, or a FIFO or pipe to write into.");

    /// <summary>Another user's link.</summary>
    internal static readonly ErrorCode OutputLink = new(
        "KS3054", "the output is a symbolic link that user {0} put into a folder where everybody may write.",
        "Give the path that is meant, or another folder.");

    /// <summary>A folder that is named as one and is not there.</summary>
    internal static readonly ErrorCode OutputFolderMissing = new(
        "KS3055", "there is no such folder, and a path that ends with '/' means one.",
        "Make the folder first, or leave the '/' away to write a file of this name.");

    /// <summary>Several files go into a folder.</summary>
    internal static readonly ErrorCode OutputNoFolder = new(
        "KS3063", "this is no folder that is there, and what is named gives {0} file(s) to write below one.",
        "Make the folder first, or correct [option:o FOLDER].", ErrorKind.Usage);

    /// <summary>The folder was not flushed.</summary>
    internal static readonly ErrorCode FolderNotFlushed = new(
        "KS3056", "the file is in place, but its folder cannot be flushed to the disk: {0}.",
        "Look after the disk, and run it again: what is in place may be lost when the power fails.");

    /// <summary>Some outputs of a set are in place.</summary>
    internal static readonly ErrorCode SetHalfPlaced = new(
        "KS3057", "the output cannot be put in place ({0}), and these could not be put back as they were: {1}.",
        "Look after the disk, and run it again: the files named are new, the others old.");

    /// <summary>A folder on the way was exchanged.</summary>
    internal static readonly ErrorCode FolderExchanged = new(
        "KS3058", "its folder was exchanged for another while the output was written.",
        "Somebody else changes this tree; find out who, and run it again.");

    /// <summary>Something asks for what is no text of an os-release file.</summary>
    internal static readonly ErrorCode OsReleaseText = new(
        "KS3059", "[option:osrel] holds no NAME=VALUE line: '{0}'.",
        "To give a file, put an '@' before its path: [option:osrel @/etc/os-release].", ErrorKind.Usage);

    /// <summary>The token is gone and what it made is there.</summary>
    internal static readonly ErrorCode TokenLost = new(
        "KS3060", "there is no token '{0}', but {1}.",
        "The token was lost or damaged: restore it from a copy. To begin with new keys, move what is left of the old ones away first.");

    /// <summary>A key is gone and its certificate is there.</summary>
    internal static readonly ErrorCode KeyLost = new(
        "KS3061", "the token has no key '{0}', but its certificate is in {1}.",
        "The key was lost, or this is another token: restore it from a copy. To make a new key, move the certificate away first.");

    /// <summary>Two documents in one stream.</summary>
    public static readonly ErrorCode StandardOutputTwice = new(
        "KS3062", "standard output is named for {0} and for {1}.", "Give one of them a file.", ErrorKind.Usage);
}
