using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A firmware file is missing.</summary>
    internal static readonly ErrorCode FirmwareMissing = new(
        "KS5011", "the firmware for QEMU is missing.", "Install it ('apt install qemu-efi-aarch64' on Debian).");

    /// <summary>An image for a machine that is not there.</summary>
    internal static readonly ErrorCode NoMachine = new(
        "KS4723", "the image is for {0} (machine 0x{1:x4}), and there are virtual machines for {2}.", "Boot it on its own machine.");

    /// <summary>An image for another machine.</summary>
    internal static readonly ErrorCode BootLabMachine = new(
        "KS3501", "the image is for {0} (machine 0x{1:x4}) but the boot lab has an arm64 machine (0x{2:x4}).", "Give an arm64 image.");
}
