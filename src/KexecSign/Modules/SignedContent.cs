using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Modules;

/// <summary>Content that ML-DSA takes as it is: whole and in memory, because neither tokens nor the runtime take it in pieces.</summary>
internal static class SignedContent
{
    /// <exception cref="Formats.Errors.KexecSignException">KS3409.</exception>
    public static ReadOnlyMemory<byte> Of(Layout content) => content.Length <= Array.MaxLength
        ? content.ReadBytes(0, content.Length)
        : throw OperationErrors.MlDsaContentTooLong.With(content.Length, Array.MaxLength);
}
