namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>Flash without a firmware volume for variables.</summary>
    public static readonly ErrorCode NotVariableVolume = new(
        "KS1601", "the flash image holds no volume for UEFI variables: {0}.",
        "Give a variable store that firmware has written once, such as Debian's AAVMF_VARS.snakeoil.fd; AAVMF_VARS.fd is blank.");

    /// <summary>A volume whose store is of the old, unauthenticated kind or not formatted.</summary>
    public static readonly ErrorCode NotAuthenticatedStore = new(
        "KS1602", "at 0x{0:x} there is no healthy authenticated variable store (GUID {1}, format 0x{2:x2}, state 0x{3:x2}).",
        "Use firmware built with Secure Boot, and its own variable store.");

    /// <summary>The store does not fit in its volume.</summary>
    public static readonly ErrorCode StoreOutsideVolume = new(
        "KS1603", "the variable store at 0x{0:x} says it is 0x{1:x} bytes long but its volume ends at 0x{2:x}.",
        "The flash image is cut short or damaged; get it again from the firmware's package.");

    /// <summary>A variable that cannot be read.</summary>
    public static readonly ErrorCode BrokenVariable = new(
        "KS1604", "the variable at 0x{0:x} is damaged: {1}.", "Get the flash image again from the firmware's package.");

    /// <summary>No room.</summary>
    public static readonly ErrorCode StoreFull = new(
        "KS1605", "the variable {0} needs 0x{1:x} bytes but only 0x{2:x} are free in the store.",
        "Begin with an empty store, or enrol fewer certificates and digests.");

    /// <summary>A signature database that cannot be read.</summary>
    public static readonly ErrorCode BrokenSignatureList = new(
        "KS1606", "the signature list at 0x{0:x} is damaged: {1}.", "Make the list again, for instance with 'cert-to-efi-sig-list'.");

    /// <summary>A digest of another length than its list is for.</summary>
    public static readonly ErrorCode NotSha256 = new(
        "KS1607", "a digest of {0} bytes was given for a list of SHA-256 digests of 32.",
        "Give the SHA-256 Authenticode digest of the image.");

    /// <summary>A file of another kind in the place of a list.</summary>
    public static readonly ErrorCode NotSignatureList = new(
        "KS1608", "this is neither a certificate nor a list of EFI signatures: it begins with {0}.",
        "Lists are .esl and .auth files, or a file of efivarfs; where a certificate may stand, too, it is in PEM or DER.");

    /// <summary>A .vendor_cert that is not shim's.</summary>
    public static readonly ErrorCode VendorTable = new(
        "KS4720", "the section .vendor_cert says that what is {0} has 0x{1:x} bytes at 0x{2:x}, and has itself 0x{3:x}.",
        "Take the shim that its package holds; this one is damaged, or the section is no table of shim's.");

    /// <summary>A certificate in .vendor_cert that is none.</summary>
    public static readonly ErrorCode VendorCertificate = new(
        "KS1609", "certificate {0} of {1} in the section .vendor_cert cannot be read: {2}.",
        "Take the shim that its package holds, or write out another section.");
}
