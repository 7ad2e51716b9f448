using System.Text;

namespace KexecSign.Core.Reports;

/// <summary>Text that may hold names from hostile files, made safe for a terminal and for line-wise readers.</summary>
public static class Printable
{
    /// <summary>The text on one line, control characters shown as <c>\x1b</c> and the like.</summary>
    public static string Line(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f'))
            return text;
        var safe = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            if (char.IsControl(c))
                safe.Append($"\\x{(int)c:x2}");
            else
                safe.Append(c);
        }
        return safe.ToString();
    }
}
