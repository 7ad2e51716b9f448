using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Kinds;

namespace KexecSign.Signing;

/// <summary>Content that somebody else chose and that a key is to sign as it is, without attributes around it.</summary>
internal static class RawContent
{
    private const int HeadSize = 128;

    /// <summary>Refuses content whose bare signature would be one of a PE image, or of another file for IMA, as well.</summary>
    /// <param name="content">The content.</param>
    /// <param name="name">What it is called in an error; null where who calls says so.</param>
    /// <exception cref="KexecSignException">KS3331, KS3334.</exception>
    public static void RequireSignable(Layout content, string? name = null) =>
        RequireSignable(content.ReadBytes(0, Math.Min(content.Length, HeadSize)), content.Length, name);

    /// <summary>The same, by the first bytes of content and its length.</summary>
    /// <param name="head">The first 128 bytes or more, or all that there are.</param>
    /// <param name="size">Length of the whole content in bytes.</param>
    /// <param name="name">What it is called in an error; null where who calls says so.</param>
    /// <exception cref="KexecSignException">KS3331, KS3334.</exception>
    public static void RequireSignable(ReadOnlySpan<byte> head, long size, string? name = null)
    {
        if (AttributeSet.Is(head, size))
            throw Refusal(OperationErrors.AttributesAsContent, size, name);
        if (FileIdKind(head, size) is not null)
            throw Refusal(OperationErrors.FileIdAsContent, size, name);
    }

    /// <summary>
    /// What a signature over content counts for when that is struct ima_file_id, whatever it is called: a file for IMA, or metadata for
    /// EVM, as its first byte says. Null for any other content.
    /// </summary>
    public static ContentKind? FileIdKind(ReadOnlySpan<byte> head, long size) =>
        size != head.Length || !ImaFileId.Is(head) ? null
        : head[0] == ImaSignature.PortableEvm ? ContentKind.Evm
        : ContentKind.Ima;

    private static KexecSignException Refusal(ErrorCode code, long size, string? name)
    {
        KexecSignException refusal = code.With(size);
        return name is null ? refusal : refusal.In(name);
    }
}
