using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

// KS46xx: what consumers of a unified kernel image would not read, or read differently.
public static partial class VerifyErrors
{
    /// <summary>Consumers read different lengths of the kernel.</summary>
    internal static readonly ErrorCode UkiKernelLength = new(
        "KS4600", ".linux has 0x{0:x} bytes in the file and VirtualSize 0x{1:x}: systemd-stub and kexec-tools after 2.0.32 (not "
            + "released by November 2026) take the second number, kexec-tools up to 2.0.32 and kexec BPF parsers the first, zeros "
            + "behind the signature included.",
        "Build it with [option:inner-key], which makes both numbers the same.", ErrorKind.Verdict);

    /// <summary>Memory and file differ.</summary>
    internal static readonly ErrorCode UkiKernelVirtual = new(
        "KS4601", ".linux has VirtualSize 0x{0:x} but 0x{1:x} bytes in the file: kexec-tools after 2.0.32 (not released by November "
            + "2026) read 0x{2:x} bytes of other sections behind the kernel, and systemd-stub measures that many zeros.",
        "Build it again with [run:uki build], or with ukify 257.1 or later.", ErrorKind.Verdict);

    /// <summary>A section that nobody reads.</summary>
    internal static readonly ErrorCode UkiUnknownSection = new(
        "KS4602", "section {0} is known to no consumer; it is signed, loaded and ignored.",
        "Leave it out, or check its name.", ErrorKind.Verdict);

    /// <summary>A section that this stub does not know.</summary>
    internal static readonly ErrorCode UkiStubTooOld = new(
        "KS4603", "section {0} is read by systemd-stub from version {1} on; the stub inside is {2}.",
        "Take a newer stub, or leave the section out.", ErrorKind.Verdict);

    /// <summary>A section twice.</summary>
    internal static readonly ErrorCode UkiRepeated = new(
        "KS4604", "section {0} is there {1} times; consumers take the first.",
        "Build the image again with one.", ErrorKind.Verdict);

    /// <summary>No .sbat.</summary>
    internal static readonly ErrorCode UkiWithoutSbat = new(
        "KS4605", "there is no .sbat section: shim starts no image without one.", "Build it with [run:uki build], which adds "
            + "one.", ErrorKind.Verdict);

    /// <summary>.uname is not the kernel's.</summary>
    internal static readonly ErrorCode UkiUname = new(
        "KS4606", ".uname is '{0}' but the kernel inside is '{1}': addons for the one are refused by the other.",
        "Build it again; without [option:uname] the kernel is asked.", ErrorKind.Verdict);

    /// <summary>Signed policies for other contents.</summary>
    internal static readonly ErrorCode UkiPcrSignaturesStale = new(
        "KS4607", ".pcrsig has {0} signature(s) for bank {1} and none is for PCR 11 as this image and the phases {2} give it.",
        "Sign again: [run:uki update, pcr-key].", ErrorKind.Verdict);

    /// <summary>Signed policies by another key.</summary>
    internal static readonly ErrorCode UkiPcrKeyDiffers = new(
        "KS4608", ".pcrsig names the key {0} for {1} signature(s) of bank {2}, .pcrpkey is {3}: they are not checked, and disks bound to "
            + ".pcrpkey do not open by them.",
        "Unless another key is meant to sign too, sign again: [run:uki update, pcr-key] puts both in.", ErrorKind.Verdict);

    /// <summary>A policy's signature does not hold.</summary>
    internal static readonly ErrorCode UkiPcrSignatureWrong = new(
        "KS4609", ".pcrsig: the signature of policy {0} (bank {1}, reference {2}) does not hold by .pcrpkey.",
        "Sign again: [run:uki update, pcr-key].", ErrorKind.Verdict);

    /// <summary>No kernel for a kexec of it.</summary>
    internal static readonly ErrorCode UkiKernelUnsigned = new(
        "KS4610", "{0} carries no signature: systemd-stub starts it, but kexec_file_load of what is extracted gives "
            + "ENODATA under Secure Boot.",
        "Build it with [option:inner-key] if it is to be loaded by kexec.", ErrorKind.Verdict);

    /// <summary>Larger than firmware loads.</summary>
    internal static readonly ErrorCode UkiTooLargeForFirmware = new(
        "KS4611", "the image takes 0x{0:x} bytes in memory; firmware was seen to fail above 0x{1:x}.",
        "Take files out of the initrd.", ErrorKind.Verdict);

    /// <summary>No kernel, no addon.</summary>
    internal static readonly ErrorCode UkiNothing = new(
        "KS4612", "there is neither .linux nor anything that an addon brings; the image has {0}.",
        "Give a unified kernel image, an addon or a profile.", ErrorKind.Verdict);

    /// <summary>The menu has no name for it.</summary>
    internal static readonly ErrorCode UkiWithoutOsRelease = new(
        "KS4613", "there is no {0}: boot loaders that list images by the specification skip it.",
        "Build it with [option:osrel @/etc/os-release] of the system.", ErrorKind.Verdict);

    /// <summary>A section whose content its reader refuses.</summary>
    internal static readonly ErrorCode UkiContent = new(
        "KS4614", "{0}: {1}", "Build the image again with the right file.", ErrorKind.Verdict);

    /// <summary>Policies that nobody signed yet.</summary>
    internal static readonly ErrorCode UkiPcrUnsigned = new(
        "KS4615", ".pcrsig has {0} policies for bank {1} without a signature, and nothing opens by those.",
        "Have them signed and put in with [run:uki update, pcrsig].", ErrorKind.Verdict);
}
