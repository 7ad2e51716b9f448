using System.Text;
using KexecSign.Formats.Layouts;

namespace KexecSign.Inspection.Differences;

/// <summary>
/// Sections of unified kernel images and of shim's SBAT that hold text: what a person wants to see of them are the words.
/// </summary>
internal static class SectionText
{
    private const int MostShown = 400;

    private static readonly string[] Names = [".cmdline", ".osrel", ".uname", ".sbat", ".profile"];

    /// <summary>The texts, where both are short; null for what holds none.</summary>
    public static string? Of(string name, Layout before, Layout now) =>
        Names.Contains(name) && Read(before) is { } old && Read(now) is { } text ? $"'{old}' -> '{text}'" : null;

    private static string? Read(Layout content)
    {
        string text = Encoding.UTF8.GetString(content.ReadBytes(0, Math.Min(content.Length, MostShown + 1))).TrimEnd('\0', '\n');
        return text.Length <= MostShown ? text : null;
    }
}
