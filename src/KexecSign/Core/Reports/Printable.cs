using System.Globalization;
using System.Text;

namespace KexecSign.Core.Reports;

/// <summary>
/// Text that may hold names from hostile files, made safe for people and for line-wise readers: what a person reads is what is there. One
/// function for tables, summaries, errors and review pages, and the same characters escaped in JSON.
/// </summary>
public static class Printable
{
    /// <summary>
    /// The text on one line. Control characters are shown as <c>\x1b</c>; what has no width, turns the direction of text around or stands
    /// for nothing as <c>\u{202e}</c>.
    /// </summary>
    public static string Line(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Ascii.IsValid(text) && !text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.Contains('\u007f', StringComparison.Ordinal))
            return text;
        var safe = new StringBuilder(text.Length + 8);
        for (int i = 0; i < text.Length;)
        {
            // Half of a pair stands for nothing.
            if (!Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                safe.Append(CultureInfo.InvariantCulture, $"\\u{{{(int)text[i]:x}}}");
                i++;
                continue;
            }
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Control)
                safe.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
            else if (IsUnseen(rune))
                safe.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            else
                safe.Append(text, i, rune.Utf16SequenceLength);
            i += rune.Utf16SequenceLength;
        }
        return safe.ToString();
    }

    /// <summary>Whether a text would be shown otherwise than it is.</summary>
    public static bool Hides(string text) => !ReferenceEquals(Line(text), text) && Line(text) != text;

    /// <summary>The text of a JSON document with such characters as escapes; outside of strings it has none.</summary>
    internal static string Json(string document)
    {
        if (Ascii.IsValid(document))
            return document;
        var safe = new StringBuilder(document.Length + 16);
        Span<char> units = stackalloc char[2];
        foreach (Rune rune in document.EnumerateRunes())
        {
            if (rune.IsAscii || !IsUnseen(rune))
            {
                safe.Append(rune);
                continue;
            }
            foreach (char unit in units[..rune.EncodeToUtf16(units)])
                safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        }
        return safe.ToString();
    }

    // Format (zero width, direction, tags), line and paragraph ends, private use and what is assigned to nothing; the fillers of Hangul and
    // variation selectors are letters and marks by category, and are seen as little.
    private static bool IsUnseen(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate => true,
        UnicodeCategory.SpaceSeparator => rune.Value != ' ',
        _ => rune.Value is 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x034F or 0x2800 or (>= 0xFE00 and <= 0xFE0F)
            or (>= 0xE0100 and <= 0xE01EF),
    };
}
