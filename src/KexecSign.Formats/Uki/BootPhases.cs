using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>
/// The phases that systemd-pcrphase measures into PCR 11 while a system starts. A path is the words measured so far, joined by
/// colons; a lone colon is the moment before the first.
/// </summary>
public static class BootPhases
{
    /// <summary>The path of the moment before any phase.</summary>
    public const string None = ":";

    /// <summary>The paths that systemd-measure signs for when it is not told otherwise.</summary>
    public static ImmutableArray<string> Usual { get; } =
        ["enter-initrd", "enter-initrd:leave-initrd", "enter-initrd:leave-initrd:sysinit", "enter-initrd:leave-initrd:sysinit:ready"];

    /// <summary>The words of a path.</summary>
    /// <exception cref="KexecSignException">KS1722.</exception>
    public static ImmutableArray<string> Words(string path)
    {
        if (path == None)
            return [];
        ImmutableArray<string> words = [.. path.Split(':')];
        return words.All(word => word.Length is > 0 and < 256 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            ? words
            : throw FormatErrors.BadPhase.With(path);
    }
}
