using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Images;
using KexecSign.Simulation.Answers;

namespace KexecSign.Judging;

/// <summary>Which kernel's rules a file is judged by.</summary>
internal static class KernelVersions
{
    /// <summary>A version as an option or policy names it, if it is one.</summary>
    /// <exception cref="KexecSignException">KS3012.</exception>
    public static string Require(string text) => KernelRelease.TryParse(text) is { } release && release >= KernelRelease.Linux61
        ? text
        : throw OperationErrors.OptionValue.With("kernel", text, "a release of Linux from 6.1 on, for instance 7.3");

    /// <summary>The release by whose rules a policy judges that names none: what a file says of itself opens no gate.</summary>
    public static string OfPolicies => KernelRelease.Linux612.ToString();

    /// <summary>The release whose rules apply, and whether it is the file's own.</summary>
    /// <remarks>
    /// It is the kernel that runs which judges, not the one inside; who wrote the file wrote its banner too. So the file's word counts only
    /// for the default and what came after it, never to have older and laxer rules taken.
    /// </remarks>
    /// <param name="named">What was asked for; null for the file's own.</param>
    /// <param name="kernel">The kernel inside the file.</param>
    public static (KernelRelease Release, bool IsOwn) Of(string? named, KernelInside kernel)
    {
        if (named is not null)
            return (KernelRelease.TryParse(named)!.Value, false);
        return Own(kernel) is { } text && KernelRelease.TryParse(text) is { } release && release >= KernelRelease.Linux612
            ? (release, true)
            : (KernelRelease.Linux612, false);
    }

    /// <summary>What the kernel inside says that it is (<c>uname -r</c>); null when it says nothing or cannot be opened.</summary>
    public static string? Own(KernelInside kernel)
    {
        try
        {
            return kernel.Version();
        }
        catch (KexecSignException broken) when (Failure.IsAnswer(broken))
        {
            return null;
        }
    }

    /// <summary>Whether a kernel's version is one that a list allows: <c>7.3</c> allows 7.3 and 7.3.4+deb13-arm64, not 7.30.</summary>
    public static bool Allows(string allowed, string version) =>
        version.StartsWith(allowed, StringComparison.Ordinal)
            && (version.Length == allowed.Length || !char.IsAsciiDigit(version[allowed.Length]));
}
