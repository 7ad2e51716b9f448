using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A test set for a machine whose kexec checks no signature.</summary>
    internal static readonly ErrorCode TestsetMachine = new(
        "KS3950", "the {0} is for {1}, but test sets are made for arm64.", "Give an Image, a kit and a stub for arm64.");

    /// <summary>The kernel is signed already.</summary>
    internal static readonly ErrorCode TestsetSignedImage = new(
        "KS3951", "the Image carries a signature already; the set's own would not be the only ones.",
        "Give the Image that the kernel's build leaves, or take the signature off with [run:signatures remove].");

    /// <summary>The folder is there.</summary>
    internal static readonly ErrorCode TestsetFolderTaken = new(
        "KS3952", "the folder holds {0} already.", "Give a folder that is empty or not there; nothing was changed.");

    /// <summary>A key of the set is missing.</summary>
    internal static readonly ErrorCode TestsetKeyMissing = new(
        "KS3953", "{0} is missing; a test set needs the keys {1}.", "Give the keys/ folder of an earlier test set, or leave "
            + "[option:keys] out to have new ones made.");

    /// <summary>The kernel is too short to spoil in the ways that the set needs.</summary>
    internal static readonly ErrorCode TestsetImageUnfit = new(
        "KS3954", "the Image has no {0}, which an image of the set spoils.", "Give a kernel Image as its build leaves it.");

    /// <summary>The stub is signed already.</summary>
    internal static readonly ErrorCode TestsetSignedStub = new(
        "KS3955", "the stub is signed, and what is added to it would break the signature.", "Give the stub without a signature.");
}
