namespace KexecSign.Formats.Errors;

/// <summary>Codes KS1xxx: something is wrong with the bytes of an image, a signature or a container.</summary>
public static partial class FormatErrors
{
    /// <summary>A structure points behind the end of the file.</summary>
    public static readonly ErrorCode OutsideFile = new(
        "KS1001",
        "bytes at 0x{0:x} (0x{1:x} of them) are needed but the file is 0x{2:x} bytes long.",
        "The file is cut short or its headers lie; get it again from where it was built.");
}
