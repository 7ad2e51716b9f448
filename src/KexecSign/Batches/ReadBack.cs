using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Batches;

/// <summary>
/// What was written is read again before it takes its place, and compared with what was read: packing and unpacking, libraries of
/// the machine and the disk may each lose something, and a signature over what is left would say that all is well.
/// </summary>
internal static class ReadBack
{
    /// <summary>Raises KS3753 unless the two have the same bytes.</summary>
    /// <param name="expected">What should be there.</param>
    /// <param name="found">What is there.</param>
    /// <param name="what">Name of the part, for the message.</param>
    public static void RequireSame(Layout expected, Layout found, string what)
    {
        long same = CommonPrefix.Of(expected, found);
        if (same != Math.Max(expected.Length, found.Length))
            throw OperationErrors.ReadBackDiffers.With(what, same, expected.Length, found.Length);
    }

    /// <summary>The same for an output that is written and not in place yet.</summary>
    /// <exception cref="KexecSignException">KS3753.</exception>
    public static void RequireWritten(Layout expected, OutputFile output) => RequireSame(expected, output.ToLayout(), "the written file");
}
