using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A file without parts, of which a map is wanted.</summary>
    internal static readonly ErrorCode NothingToDraw = new(
        "KS4700", "there is nothing to draw: it is {0}.", "Maps are drawn of PE images: kernels, vmlinuz.efi, unified kernel images.");
}
