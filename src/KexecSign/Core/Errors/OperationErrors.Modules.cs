using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>Nothing to sign.</summary>
    internal static readonly ErrorCode ModuleEmpty = new(
        "KS3751", "there is nothing in the file to sign: it {0}.",
        "Check what made it; an empty module is the mark of a build that failed.");

    /// <summary>The name says another compression than the bytes.</summary>
    internal static readonly ErrorCode ModuleNameUnfit = new(
        "KS3752", "the file is named '{0}' but holds {1}.",
        "kmod and the kernel go by the name: rename the file, or compress it as its name says.");

    /// <summary>What is about to be placed is not what was read.</summary>
    internal static readonly ErrorCode ReadBackDiffers = new(
        "KS3753", "{0} differs from what was read at offset 0x{1:x} (0x{2:x} bytes are right, 0x{3:x} are there).",
        "Nothing of it was placed; check disk and memory of this machine, and report it if it happens again.");

    /// <summary>Bytes behind the end.</summary>
    internal static readonly ErrorCode ModuleTail = new(
        "KS3754", "0x{0:x} bytes follow the end of the {1} data, and the kernel and kmod would not agree about them.",
        "Compress the module again as one stream; what is behind the end would be lost.");
}
