using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>.linux would not be an EFI image.</summary>
    internal static readonly ErrorCode UkiKernelNotPe = new(
        "KS3660", "the kernel begins with {0}: {1}.",
        "Give a kernel with EFI stub as it is booted: Image, vmlinuz.efi or bzImage; unpack it first if it is compressed as a whole.");

    /// <summary>Stub and kernel are for different machines.</summary>
    internal static readonly ErrorCode UkiMachine = new(
        "KS3661", "{0} is for {1} (0x{2:x}) but the stub is for {3} (0x{4:x}).", "Give the stub of the kernel's machine.");

    /// <summary>No stub was found.</summary>
    internal static readonly ErrorCode UkiStubMissing = new(
        "KS3662", "there is no systemd-stub for {0} at {1}.", "Install systemd-boot-efi, or name a stub with [option:stub FILE].");

    /// <summary>A text is longer than its readers take.</summary>
    internal static readonly ErrorCode UkiTextTooLong = new(
        "KS3663", "the text for {0} has 0x{1:x} bytes; at most 0x{2:x} are taken.",
        "Give a shorter one; @FILE reads a text file, the options for images take paths.");

    /// <summary>A small input is large.</summary>
    internal static readonly ErrorCode UkiInputTooLarge = new(
        "KS3664", "the file for {0} has 0x{1:x} bytes; at most 0x{2:x} are taken.", "Check that it is the right file.");

    /// <summary>A section option that is none.</summary>
    internal static readonly ErrorCode UkiSectionOption = new(
        "KS3665", "[option:section] takes NAME:FILE, not '{0}'.",
            "NAME is 2 to 8 ASCII characters beginning with a dot; the sections that have an option of their own are given by it.",
            ErrorKind.Usage);

    /// <summary>A section of which there would be two.</summary>
    internal static readonly ErrorCode UkiSectionTwice = new(
        "KS3080", "there would be two sections {0}: one is {1}.",
        "Whoever reads the image takes the first and leaves the other unseen: give the section another name, or leave it out.",
        ErrorKind.Usage);

    /// <summary>A section changed on its way into the image.</summary>
    internal static readonly ErrorCode UkiKernelChanged = new(
        "KS3666", "{0} in the image has SHA-256 {1}, but {2} was read before.",
        "Nothing was written. Something writes to that file; wait until it is done.");

    /// <summary>The kernel has a signature that would be lost.</summary>
    internal static readonly ErrorCode UkiKernelSigned = new(
        "KS3667", "{0} carries {1} signature(s) already.",
        "Leave [option:inner-key] out to keep the kernel as it is, or say [option:inner-replace] to drop them.");

    /// <summary>The Image inside a zboot kernel has no room for a signature.</summary>
    internal static readonly ErrorCode UkiInnerDoesNotFit = new(
        "KS4710", "the kernel is a zboot image, and signed and compressed as {0} its Image does not fill the 0x{1:x} bytes at 0x{2:x}: the "
            + "shortest payload that was found has 0x{3:x}.",
        "Sign the Image with [run:zboot repack, smaller-key] or [run:zboot repack, kit], which have ways to make it fit, and give what "
            + "they write without [option:inner-key].");

    /// <summary>A parser cannot go into a signed kernel.</summary>
    internal static readonly ErrorCode UkiInnerParserSigned = new(
        "KS3668", "the kernel is signed, and a parser put into it would break the signature.",
        "Give the unsigned kernel, or say [option:inner-key] and [option:inner-replace].");

    /// <summary>systemd takes RSA keys only.</summary>
    internal static readonly ErrorCode PcrKeyNotRsa = new(
        "KS3669", "the PCR key is {0}; systemd and the TPM policy it uses take RSA keys only.", "Give an RSA key of 2048 bits.");

    /// <summary>An addon without payload.</summary>
    internal static readonly ErrorCode AddonEmpty = new(
        "KS3670", "an addon without any of {0} is none.", "Give one of [option:cmdline], [option:dtb], [option:dtbauto], [option:ucode], "
            + "[option:initrd], or [option:profile] for a profile.", ErrorKind.Usage);

    /// <summary>A name that systemd-stub does not look for.</summary>
    internal static readonly ErrorCode AddonName = new(
        "KS3671", "systemd-stub looks for names that end in .addon.efi only, and '{0}' does not.",
        "Name it NAME.addon.efi; profiles may have any name.", ErrorKind.Usage);

    /// <summary>The machine of an addon is not known.</summary>
    internal static readonly ErrorCode AddonMachine = new(
        "KS3672", "nothing tells which machine the addon is for.", "Say [option:arch {0}], or give a stub with [option:stub].",
        ErrorKind.Usage);

    /// <summary>Nothing to change.</summary>
    internal static readonly ErrorCode UpdateNothing = new(
        "KS3673", "no section is named that is to be changed.",
        "Name one: [option:initrd], [option:cmdline], [option:remove] and the like.", ErrorKind.Usage);

    /// <summary>A section that may not go.</summary>
    internal static readonly ErrorCode UpdateCannotRemove = new(
        "KS3674", "section {0} cannot be removed; the image has {1}.", "Sections of the base, .linux excepted, can be removed.",
        ErrorKind.Usage);

    /// <summary>Options that need a PCR key.</summary>
    internal static readonly ErrorCode PcrOptionsWithoutKey = new(
        "KS3675", "[option:{0}] is given without [option:pcr-key].",
        "Say [option:pcr-key], or use [run:uki measure] to see values without signing them.", ErrorKind.Usage);

    /// <summary>The public key is not that of the private one.</summary>
    internal static readonly ErrorCode PcrKeyMismatch = new(
        "KS3676", "the public key given for .pcrpkey has fingerprint {0}, the key of [option:pcr-key] {1}.",
        "Give the public half of the PCR key, or leave [option:pcrpkey] out to have it put in.");

    /// <summary>A PCR public key that is none.</summary>
    internal static readonly ErrorCode PcrKeyUnreadable = new(
        "KS3677", "the file for .pcrpkey is no RSA public key in PEM.", "Give what 'openssl pkey -pubout' writes.");

    /// <summary>What is measured cannot be told.</summary>
    internal static readonly ErrorCode UkiStubVersion = new(
        "KS3678", "the stub does not tell its systemd version, on which depends what it measures.", "Say [option:stub-version N].",
        ErrorKind.Usage);

    /// <summary>Options that need a file for policies.</summary>
    internal static readonly ErrorCode PolicyOptionsAlone = new(
        "KS3679", "[option:{0}] is given without [option:policy-digest].",
            "Say [option:policy-digest FILE], the file that policies are written to; values of PCR 11 know no references.",
            ErrorKind.Usage);

    /// <summary>A profile that is to be signed for and is not there.</summary>
    internal static readonly ErrorCode PcrProfileMissing = new(
        "KS3680", "no profile has ID={0}; the image has {1}.",
            "Name one of those with [option:sign-profile], or leave the option out to sign for all.");

    /// <summary>A policy that came back without its signature.</summary>
    internal static readonly ErrorCode JoinedSignatureMissing = new(
        "KS3681", "there is no signature for {0}.",
            "Each entry needs \"sig\": Base64 of an RSA PKCS#1 v1.5 signature with SHA-256 over the bytes of \"tbs\".");

    /// <summary>A policy that is for other contents.</summary>
    internal static readonly ErrorCode JoinedPolicyStranger = new(
        "KS3682", "policy {0} ({1}) is not for PCR 11 as this image and the phases {2} give it.",
            "Sign what [run:uki measure, policy-digest] writes for this image; other phases are named with [option:phase].");

    /// <summary>A signature that does not hold.</summary>
    internal static readonly ErrorCode JoinedSignatureWrong = new(
        "KS3683", "the signature of policy {0} ({1}, reference {2}) does not hold by .pcrpkey.",
            "Sign the bytes of \"tbs\", not its hex text, with RSA PKCS#1 v1.5 and SHA-256 by that key; nothing was written.");

    /// <summary>A signature by another key.</summary>
    internal static readonly ErrorCode JoinedKeyDiffers = new(
        "KS3684", "policy {0} ({1}) names the key {2}, .pcrpkey is {3}.",
            "Build the image with [option:pcrpkey] of the key that signs, and have its policies signed anew.");

    /// <summary>No key to hold signatures against.</summary>
    internal static readonly ErrorCode JoinedKeyMissing = new(
        "KS3685", "the image has no public key (.pcrpkey) for profile {0}, so no signature can be held against it.",
            "Build the image with [option:pcrpkey FILE] first: the key is measured, and so is part of what is signed.");

    /// <summary>A line of uki.conf that is none.</summary>
    internal static readonly ErrorCode UkiConfSyntax = new(
        "KS3686", "{0}.", "Write [UKI] or [PCRSignature:NAME] and below it KEY=VALUE, as ukify takes it.", ErrorKind.Usage);

    /// <summary>A key of uki.conf that nobody knows.</summary>
    internal static readonly ErrorCode UkiConfUnknown = new(
        "KS3687", "[{0}] has no setting '{1}'.",
            "ukify warns of it and goes on; here a mistyped setting is refused. Settings of [{0}]: {2}.", ErrorKind.Usage);

    /// <summary>A value of uki.conf that is not taken.</summary>
    internal static readonly ErrorCode UkiConfValue = new(
        "KS3688", "{0}={1}: {2}.", "Change the value, or leave the setting out and say it on the command line.", ErrorKind.Usage);
}
