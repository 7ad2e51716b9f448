using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Images;

/// <summary>Which kernel an image is, for people who approve it.</summary>
internal static class LinuxVersion
{
    /// <summary>
    /// The version that the kernel says it is, looked for in the payload too; null when none is found or the payload cannot be opened.
    /// </summary>
    public static string? Of(PeImage image, Layout file, RunContext context)
    {
        try
        {
            using var kernel = new KernelInside(image, file, context);
            return kernel.Version();
        }
        catch (KexecSignException broken)
        {
            context.Log.Detail($"no version of Linux was found: {broken.Message}");
            return null;
        }
    }
}
