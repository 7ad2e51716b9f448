using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>What a .profile section says of its profile.</summary>
/// <param name="Id">ID=; null when it is not there.</param>
/// <param name="Title">TITLE=; null when it is not there.</param>
internal sealed record ProfileFields(string? Id, string? Title)
{
    private const int MaxLength = 64 * 1024;

    /// <summary>Those of a group that begins with .profile; none for the sections of an image without profiles.</summary>
    public static ProfileFields Of(ImmutableArray<UkiPart> group)
    {
        if (group.FirstOrDefault(part => part.Name == UkiSections.Profile) is not { } part)
            return new(null, null);
        string[] lines = Encoding.UTF8.GetString(part.Content.ReadBytes(0, Math.Min(MaxLength, part.Content.Length))).TrimEnd('\0')
            .Split('\n');
        return new(Value(lines, "ID="), Value(lines, "TITLE="));
    }

    // Of several the last counts, as in a shell.
    private static string? Value(string[] lines, string name) =>
        lines.LastOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? Unquoted(line[name.Length..].TrimEnd())
            : null;

    private static string Unquoted(string value) =>
        value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value;
}
