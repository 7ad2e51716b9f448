using System.Globalization;

namespace KexecSign.Simulation.Answers;

/// <summary>Release whose rules apply; <see cref="KernelChanges"/> says which changed when.</summary>
/// <param name="Major">The first number.</param>
/// <param name="Minor">The second.</param>
public readonly record struct KernelRelease(int Major, int Minor) : IComparable<KernelRelease>
{
    /// <summary>Linux 6.1, the oldest whose sources the model was held against.</summary>
    public static KernelRelease Linux61 { get; } = new(6, 1);

    /// <summary>Linux 6.12.</summary>
    public static KernelRelease Linux612 { get; } = new(6, 12);

    /// <summary>Linux 7.3, the newest.</summary>
    public static KernelRelease Linux73 { get; } = new(7, 3);

    /// <summary>
    /// Reads a version as people write it or <c>uname -r</c> prints it: <c>7.3</c>, <c>6.12.117+deb12-arm64</c>, <c>7.3-rc2</c>.
    /// </summary>
    /// <returns>Null for what begins with no two numbers.</returns>
    public static KernelRelease? TryParse(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 1)
            return null;
        ReadOnlySpan<char> rest = text.AsSpan(dot + 1);
        int end = rest.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out int major)
            && int.TryParse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out int minor)
            ? new(major, minor)
            : null;
    }

    /// <inheritdoc/>
    public int CompareTo(KernelRelease other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    /// <summary>Whether the left is older.</summary>
    public static bool operator <(KernelRelease left, KernelRelease right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left is newer.</summary>
    public static bool operator >(KernelRelease left, KernelRelease right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left is not newer.</summary>
    public static bool operator <=(KernelRelease left, KernelRelease right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left is not older.</summary>
    public static bool operator >=(KernelRelease left, KernelRelease right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");
}
