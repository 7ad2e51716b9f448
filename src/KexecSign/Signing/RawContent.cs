using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;

namespace KexecSign.Signing;

/// <summary>Content that somebody else chose and that a key is to sign as it is, without attributes around it.</summary>
internal static class RawContent
{
    /// <summary>Refuses content whose bare signature would be one of a PE image, or of another file for IMA, as well.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3331, KS3334.</exception>
    public static void RequireSignable(Layout content)
    {
        if (AttributeSet.Is(content))
            throw OperationErrors.AttributesAsContent.With(content.Length);
        if (ImaFileId.Is(content))
            throw OperationErrors.FileIdAsContent.With(content.Length);
    }
}
