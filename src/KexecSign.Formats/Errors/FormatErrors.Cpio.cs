namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>A cpio archive that is not what the format says.</summary>
    public static readonly ErrorCode CpioBroken = new(
        "KS1901", "the cpio archive cannot be read at 0x{0:x}: {1}.",
        "Make it with 'cpio -H newc -o', of files with plain names; get it again if it was cut on the way.");
}
