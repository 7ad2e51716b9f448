namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>The section table cannot grow.</summary>
    public static readonly ErrorCode UkiHeaderRoom = new(
        "KS1710", "{0} sections need headers up to 0x{1:x}, but the first section is loaded at 0x{2:x}.",
        "Leave sections out, or take a stub that was linked with more room; systemd's stubs since version 254 take about 90 sections.");

    /// <summary>Moving sections would make file offsets in debug records wrong.</summary>
    public static readonly ErrorCode UkiDebugRecords = new(
        "KS1711", "{0} sections need 0x{1:x} bytes of headers where there are 0x{2:x}, and the stub has {3} debug record(s) that hold "
            + "file offsets.",
        "Take a stub without debug records, as systemd builds them.");

    /// <summary>A section without content.</summary>
    public static readonly ErrorCode UkiSectionEmpty = new(
        "KS1712", "section {0} would be empty.",
        "Leave it out; an empty section is measured, or refused, differently by each version of systemd-stub.");

    /// <summary>A section that may be there once only.</summary>
    public static readonly ErrorCode UkiSectionTwice = new(
        "KS1713", "section {0} would be there {1} times; consumers take the first and ignore the rest.",
        "Give it once, or join several initrds into one section.");

    /// <summary>A stub that is a finished UKI.</summary>
    public static readonly ErrorCode StubHasSection = new(
        "KS1714", "the stub has a section {0} already, at 0x{1:x}.",
        "Give the bare stub (linux*.efi.stub of systemd); [run:uki update] changes a finished image.");

    /// <summary>No kernel inside.</summary>
    public static readonly ErrorCode NotUki = new(
        "KS1715", "there is no section .linux; the image has {0}.", "Give a unified kernel image; [run:uki build] makes one.");

    /// <summary>No device tree blob.</summary>
    public static readonly ErrorCode NotDeviceTree = new(
        "KS1716", "a device tree begins with D00DFEED and its length, here stand {0}, and the data has 0x{1:x} bytes.",
        "Give a compiled device tree (.dtb).");

    /// <summary>No bitmap.</summary>
    public static readonly ErrorCode NotBitmap = new(
        "KS1717", "a splash image begins with 'BM' (424D) and its length, here stand {0}, and the data has 0x{1:x} bytes.",
        "Give a Windows bitmap (.bmp), uncompressed.");

    /// <summary>A hardware table that cannot be read.</summary>
    public static readonly ErrorCode BrokenHardwareIds = new(
        "KS1718", "the hardware table (.hwids) cannot be read: {0}.",
        "Give what ukify takes: JSON files with type, name, compatible and hwids, or a finished table.");

    /// <summary>Text with characters that end it early.</summary>
    public static readonly ErrorCode UkiText = new(
        "KS1719", "{0} has a control character, 0x{1:x}, at 0x{2:x}; consumers would stop reading there.", "Give plain text.");

    /// <summary>A .pcrsig that cannot be read.</summary>
    public static readonly ErrorCode BrokenPcrSignatures = new(
        "KS1720", "the PCR signatures (.pcrsig) cannot be read: {0}.",
        "They are a JSON object of bank names, each with a list of pcrs, pkfp, pol and sig; make them anew with [option:pcr-key].");

    /// <summary>A bank that no TPM has.</summary>
    public static readonly ErrorCode UnknownPcrBank = new(
        "KS1721", "there is no PCR bank '{0}'.", "Banks are sha1, sha256, sha384 and sha512.", ErrorKind.Usage);

    /// <summary>A phase path that systemd would never measure.</summary>
    public static readonly ErrorCode BadPhase = new(
        "KS1722", "the phase path '{0}' has a word that is empty or no word.",
            "Join words by colons, for instance enter-initrd:leave-initrd; a single colon is the moment before any phase.",
            ErrorKind.Usage);

    /// <summary>A profile that is not in the image.</summary>
    public static readonly ErrorCode NoSuchProfile = new(
        "KS1723", "there is no profile {0}; the image has {1}.", "Profiles are numbered from 0 in the order of their .profile sections.");

    /// <summary>No addon machine.</summary>
    public static readonly ErrorCode NoAddonMachine = new(
        "KS1724", "no built-in addon stub exists for {0}.", "Give systemd's addon*.efi.stub of that machine with [option:stub].");

    /// <summary>More profiles than systemd-stub counts.</summary>
    public static readonly ErrorCode TooManyProfiles = new(
        "KS1725", "there are {0} profiles; systemd-stub takes {1}.", "Make several images of them.");

    /// <summary>A profile file without a profile.</summary>
    public static readonly ErrorCode NotProfile = new(
        "KS1726", "a profile's first section is .profile, here it is {0}.",
        "Make the file with [run:addon build, profile] or 'ukify build --profile'.");

    /// <summary>A kernel whose header asks for more than any takes.</summary>
    public static readonly ErrorCode UkiKernelTooLarge = new(
        "KS1727", "signed to one length the kernel would have 0x{0:x} bytes, as its SizeOfImage has it; at most 0x{1:x} are taken.",
        "The header lies; take the kernel that the build left.");

    /// <summary>A policy reference that is no word.</summary>
    public static readonly ErrorCode BadPolicyReference = new(
        "KS1728", "the policy reference has 0x{0:x} bytes or a control character; at most 0x{1:x} bytes of text are taken.",
            "Give the word that the TPM's policy was made with, for instance initrd.", ErrorKind.Usage);
}
