using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A native library that is part of the base system is missing.</summary>
    internal static readonly ErrorCode NativeLibraryMissing = new(
        "KS5001", "the library {0} cannot be loaded.", "Install it ('apt install {1}' on Debian).");

    /// <summary>A program is missing.</summary>
    internal static readonly ErrorCode ProgramMissing = new(
        "KS5002", "the program {0} was not found in PATH; it is needed to {1}.", "Install it ('apt install {2}' on Debian).");

    /// <summary>A program failed.</summary>
    internal static readonly ErrorCode ProgramFailed = new(
        "KS5003", "{0} ended with {1}: {2}", "Look at its message; -v shows the command line.");

    /// <summary>Compression failed.</summary>
    internal static readonly ErrorCode CompressionFailed = new(
        "KS5004", "compressing with {0} failed: {1}.", "Try another level, or free some memory.");

    /// <summary>A kit without what was asked of it.</summary>
    internal static readonly ErrorCode KitLacks = new(
        "KS3101", "the kit has no stub for {0}; it has {1}.", "Choose one of these, or capture the kit again.");

    /// <summary>A kit whose content does not fit its manifest.</summary>
    internal static readonly ErrorCode KitDamaged = new(
        "KS3102", "{0} in the kit has SHA-256 {1} but the manifest says {2}.", "The kit was changed or damaged; capture it again.");

    /// <summary>Not a kit.</summary>
    internal static readonly ErrorCode NotAKit = new(
        "KS3103", "the file is no zboot kit: {0}.", "Make one with [run:zboot kit].");

    /// <summary>A kit and an Image that do not belong together.</summary>
    internal static readonly ErrorCode KitOtherMachine = new(
        "KS3104", "the kit is for {0} but the Image is for {1}.", "Capture a kit from a kernel of the Image's architecture.");

    /// <summary>What was linked is not what was put in.</summary>
    internal static readonly ErrorCode LinkedWrong = new(
        "KS3105", "the linked image does not hold what was put in: {0} is 0x{1:x}, expected 0x{2:x}.",
        "This is a fault of kit or linker; please report it with the kit's manifest.");

    /// <summary>A signed Image that a padding stub needs longer.</summary>
    internal static readonly ErrorCode SignedImageShort = new(
        "KS3106", "the Image is signed and 0x{0:x} bytes long but image_size is 0x{1:x}; the kit's stub needs it padded, and padding "
            + "breaks the signature.",
        "Give the unsigned Image with [option:key] and [option:cert], or sign it with [run:sign, fit, replace] first.");

    /// <summary>No code section to take the code size from.</summary>
    internal static readonly ErrorCode NoCodeSection = new(
        "KS3107", "the Image has {0} sections but none named .text, so zboot_code_size cannot be told.",
        "Give the Image that the kernel build leaves in its arch/*/boot folder.");

    /// <summary>A ready payload that is not of the Image.</summary>
    internal static readonly ErrorCode PayloadOfOtherImage = new(
        "KS3108", "the payload's last 4 bytes say that it unpacks to 0x{0:x} bytes but the Image as the kit wants it has 0x{1:x}.",
        "Give the payload that was made from this Image, its 4-byte length included, or leave [option:payload] out.");

    /// <summary>A build folder without what a kit is made of.</summary>
    internal static readonly ErrorCode NotABuildFolder = new(
        "KS3109", "{0} is not there.",
        "Build the kernel with CONFIG_EFI_ZBOOT=y (make vmlinuz.efi) and give the folder that holds its .config, or use [option:source].");

    /// <summary>An archive of objects that cannot be made whole.</summary>
    internal static readonly ErrorCode ObjectArchive = new(
        "KS3110", "the archive of objects cannot be used at 0x{0:x}: {1}.", "Build libstub again.");

    /// <summary>The kernel's configuration does not keep an option.</summary>
    internal static readonly ErrorCode OptionNotKept = new(
        "KS3111", "the kernel's configuration does not keep CONFIG_{0}=y.",
        "zboot needs Linux 6.1 or later, on an architecture that has it; a [option:config] must allow CONFIG_EFI.");

    /// <summary>An architecture without recipe.</summary>
    internal static readonly ErrorCode ArchitectureUnknown = new(
        "KS3112", "there is no recipe for zboot images of {0}.", "It can be done for {1}.");

    /// <summary>Not a kernel source.</summary>
    internal static readonly ErrorCode NotKernelSource = new(
        "KS3113", "this is no Linux source: {0} is not in it.", "Give linux-*.tar.xz as it was released, or its unpacked folder.");

    /// <summary>Too large to be what it should be.</summary>
    internal static readonly ErrorCode TooLargeToBe = new(
        "KS3114", "the file is 0x{0:x} bytes long; {1} has at most 0x{2:x}.", "Check the path.");

    /// <summary>A payload that does not fit where the old one was.</summary>
    internal static readonly ErrorCode PayloadTooLong = new(
        "KS3115", "compressed as {0}, the signed Image takes 0x{1:x} bytes but the space at 0x{2:x} has 0x{3:x}: {4} bytes too few.",
        "Allow a smaller signature with [option:may-drop-chain] or a P-256 key as [option:smaller-key] (about 500 bytes less than "
            + "RSA-2048), or give the stub's kit with [option:kit].");

    /// <summary>A payload that no filler makes fit exactly.</summary>
    internal static readonly ErrorCode PayloadUnfillable = new(
        "KS3116", "compressed as {0}, the signed Image fits the space of 0x{1:x} bytes at 0x{2:x} with a rest that cannot be filled.",
        "Give the stub's kit with [option:kit], or another certificate.");

    /// <summary>What was put back is not what was signed.</summary>
    internal static readonly ErrorCode RepackedWrong = new(
        "KS3117", "the repacked image unpacks to SHA-256 {0} but what was signed has {1}.",
        "Nothing was written. Please report it with the image's header ([run:inspect]).");

    /// <summary>Nothing to sign with.</summary>
    internal static readonly ErrorCode RepackedNotAKernel = new(
        "KS3118", "the payload is {0}, not a kernel Image, and has nothing that can be signed.",
        "Give the vmlinuz.efi of an arm64, riscv or loongarch kernel.");

    /// <summary>Rows that do not fit the image's own section.</summary>
    internal static readonly ErrorCode SbatRoom = new(
        "KS3120", "with these rows .sbat takes 0x{0:x} bytes, but the image's section has 0x{1:x} at 0x{2:x}, and what follows cannot move.",
        "Shorten the rows, or build the kernel with them (CONFIG_EFI_SBAT_FILE).");

    /// <summary>A kernel that is not the stub's.</summary>
    internal static readonly ErrorCode RepackedOtherKernel = new(
        "KS3119", "the Image is not the kernel that the stub was linked for: its {0} is 0x{1:x}, that of the kernel inside 0x{2:x}.",
        "Give the same kernel, signed elsewhere, or link another one with [run:zboot build, kit].");
}
