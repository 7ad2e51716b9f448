using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;

namespace KexecSign.Signing;

/// <summary>Content that somebody else chose and that a key is to sign as it is, without attributes around it.</summary>
internal static class RawContent
{
    private const int HeadSize = 128;

    /// <summary>Refuses content whose bare signature would be one of a PE image, or of another file for IMA, as well.</summary>
    /// <exception cref="KexecSignException">KS3331, KS3334.</exception>
    public static void RequireSignable(Layout content) =>
        RequireSignable(content.ReadBytes(0, Math.Min(content.Length, HeadSize)), content.Length);

    /// <summary>The same, by the first bytes of content and its length.</summary>
    /// <param name="head">The first 128 bytes or more, or all that there are.</param>
    /// <param name="size">Length of the whole content in bytes.</param>
    /// <exception cref="KexecSignException">KS3331, KS3334.</exception>
    public static void RequireSignable(ReadOnlySpan<byte> head, long size)
    {
        if (AttributeSet.Is(head, size))
            throw OperationErrors.AttributesAsContent.With(size);
        if (size == head.Length && ImaFileId.Is(head))
            throw OperationErrors.FileIdAsContent.With(size);
    }
}
