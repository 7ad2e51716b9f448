using KexecSign.Batches;
using KexecSign.Images;

namespace KexecSign.Commands.Sign;

/// <summary>Which files below a folder are signed: every EFI image, whatever its name.</summary>
internal static class ImageSelection
{
    /// <summary>For <c>sign</c>.</summary>
    public static BatchSelection ToSign { get; } = new("sign", "EFI image", _ => true) { Holds = EfiImageFile.Is };
}
