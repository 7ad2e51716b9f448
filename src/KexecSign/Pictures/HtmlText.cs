using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using KexecSign.Core.Reports;

namespace KexecSign.Pictures;

/// <summary>
/// HTML as it is written. Markup comes from the program alone; whatever a file or a user named goes through <see cref="Put"/>.
/// </summary>
internal sealed class HtmlText
{
    // Letters of all scripts stay letters; what has a meaning in HTML never does.
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _text = new();

    /// <summary>Text that is not to be trusted.</summary>
    public HtmlText Put(string? text)
    {
        _text.Append(Encoded(text));
        return this;
    }

    /// <summary>Markup of the program's own.</summary>
    public HtmlText Markup(string html)
    {
        _text.Append(html);
        return this;
    }

    /// <summary>An element with text in it.</summary>
    public HtmlText Element(string name, string? text, string? style = null) =>
        Markup(style is null ? $"<{name}>" : $"<{name} class=\"{style}\">").Put(text).Markup($"</{name}>");

    /// <summary>Text on one line, with what is unseen made visible, inert in content and in attributes.</summary>
    public static string Encoded(string? text) => Encoder.Encode(Printable.Line(text ?? ""));

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
