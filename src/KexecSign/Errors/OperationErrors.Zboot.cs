using KexecSign.Formats.Errors;

namespace KexecSign.Errors;

public static partial class OperationErrors
{
    /// <summary>A native library that is part of the base system is missing.</summary>
    public static readonly ErrorCode NativeLibraryMissing = new(
        "KS5001", "the library {0} cannot be loaded.", "Install it ('apt install {1}' on Debian).");

    /// <summary>A program is missing.</summary>
    public static readonly ErrorCode ProgramMissing = new(
        "KS5002", "the program {0} was not found in PATH; it is needed to {1}.", "Install it ('apt install {2}' on Debian).");

    /// <summary>A program failed.</summary>
    public static readonly ErrorCode ProgramFailed = new(
        "KS5003", "{0} ended with {1}: {2}", "Look at its message; -v shows the command line.");

    /// <summary>Compression failed.</summary>
    public static readonly ErrorCode CompressionFailed = new(
        "KS5004", "compressing with {0} failed: {1}.", "Try another level, or free some memory.");

    /// <summary>A kit without what was asked of it.</summary>
    public static readonly ErrorCode KitLacks = new(
        "KS3101", "the kit has no stub for {0}; it has {1}.", "Choose one of these, or capture the kit again.");

    /// <summary>A kit whose content does not fit its manifest.</summary>
    public static readonly ErrorCode KitDamaged = new(
        "KS3102", "{0} in the kit has SHA-256 {1} but the manifest says {2}.", "The kit was changed or damaged; capture it again.");

    /// <summary>Not a kit.</summary>
    public static readonly ErrorCode NotAKit = new(
        "KS3103", "the file is no zboot kit: {0}.", "Make one with 'kexecsign zboot kit'.");

    /// <summary>A kit and an Image that do not belong together.</summary>
    public static readonly ErrorCode KitOtherMachine = new(
        "KS3104", "the kit is for {0} but the Image is for {1}.", "Capture a kit from a kernel of the Image's architecture.");

    /// <summary>What was linked is not what was put in.</summary>
    public static readonly ErrorCode LinkedWrong = new(
        "KS3105", "the linked image does not hold what was put in: {0} is 0x{1:x}, expected 0x{2:x}.",
        "This is a fault of kit or linker; please report it with the kit's manifest.");
}
