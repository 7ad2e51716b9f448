using System.Globalization;
using System.Text;
using System.Xml;
using KexecSign.Core.Reports;
using KexecSign.Inspection.Parts;

namespace KexecSign.Pictures;

/// <summary>
/// A map as a drawing: a bar for each level, above it what its signatures cover, and wedges from a part to what is inside it.
/// </summary>
internal static class SvgMap
{
    private const string Namespace = "http://www.w3.org/2000/svg";
    private const double Width = 1000, Margin = 16, BarHeight = 40, CoverHeight = 15, WedgeHeight = 22, RowHeight = 20, LetterWidth = 7.4;

    /// <summary>The drawing as a file of its own, with a list of the parts below.</summary>
    public static string File(FileMap map)
    {
        var text = new StringBuilder();
        using (XmlWriter xml = Writer(text))
            Write(xml, map, alone: true);
        return text.Append('\n').ToString();
    }

    /// <summary>The drawing as an element of a page, whose style sheet has its colours.</summary>
    public static string Element(FileMap map)
    {
        var text = new StringBuilder();
        using (XmlWriter xml = Writer(text))
            Write(xml, map, alone: false);
        return text.ToString();
    }

    /// <summary>The colours, of a page or of a file.</summary>
    /// <param name="dark">Those for a dark ground.</param>
    public static string Colours(bool dark)
    {
        var text = new StringBuilder();
        foreach (PartLook look in Enum.GetValues<PartKind>().Select(PartLook.Of))
            text.Append(CultureInfo.InvariantCulture, $".{look.Style}{{fill:{(dark ? look.Dark : look.Light)}}}");
        return text.ToString();
    }

    private static XmlWriter Writer(StringBuilder text) =>
        XmlWriter.Create(text, new() { OmitXmlDeclaration = true, Indent = false, NewLineHandling = NewLineHandling.Entitize });

    private static void Write(XmlWriter xml, FileMap map, bool alone)
    {
        FileMap[] levels = [.. map.Levels];
        double bars = levels.Sum(HeightOf) + Margin,
            height = bars + (alone ? levels.Sum(level => (level.Parts.Length + level.Covers.Length + 2) * RowHeight) + Margin : 0);
        xml.WriteStartElement("svg", Namespace);
        xml.WriteAttributeString("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {Width} {height}"));
        xml.WriteAttributeString("class", "map");
        xml.WriteAttributeString("role", "img");
        if (alone)
        {
            xml.WriteAttributeString("width", Number(Width));
            xml.WriteAttributeString("height", Number(height));
        }
        Text(xml, "title", $"Map of {map.Name}: {map.Kind}");
        Text(xml, "desc", string.Join(" ", TextMap.Notes(map)));
        if (alone)
        {
            xml.WriteElementString("style", Namespace, Style);
            Rectangle(xml, "ground", 0, 0, Width, height, null);
        }
        double y = 0;
        foreach (FileMap level in levels)
            y = Level(xml, level, y, depth: ReferenceEquals(level, map) ? 0 : 1);
        if (alone)
        {
            y = bars;
            foreach (FileMap level in levels)
                y = List(xml, level, y);
        }
        xml.WriteEndElement();
    }

    private static double HeightOf(FileMap level) =>
        30 + level.Covers.Length * CoverHeight + BarHeight + (level.EndSays is null ? 0 : 20) + (level.Inner is null ? 0 : WedgeHeight);

    private static double Level(XmlWriter xml, FileMap level, double top, int depth)
    {
        var scale = new MapScale(level, Margin, Width - 2 * Margin);
        double y = top + 20;
        Label(xml, Margin, y, "strong", Cut($"{(depth == 0 ? "" : "inside: ")}{level.Name}: {level.Kind}", 105));
        Label(xml, Width - Margin, y, "end", $"{level.Size:#,0} bytes".Replace(',', ' '));
        y += 10;
        foreach (MapCover cover in level.Covers)
        {
            foreach ((long offset, long size) in cover.Covered.Where(c => c.Size > 0))
            {
                double from = scale.At(offset), to = scale.At(offset + size);
                Rectangle(xml, cover.Holds == false ? "cover bad" : "cover", from, y + 8, Math.Max(1, to - from), 4,
                    $"{cover.Name} by {cover.Signer} covers 0x{offset:x} to 0x{offset + size:x}");
            }
            y += CoverHeight;
        }
        Bars(xml, level, scale, y);
        double bottom = y + BarHeight;
        if (level.ImageSize is { } imageSize && imageSize <= level.Width)
        {
            double x = scale.At(imageSize);
            Rectangle(xml, "marker", x - 1.5, y - 5, 3, BarHeight + 10, $"image_size 0x{imageSize:x}");
        }
        double next = bottom + (level.EndSays is null ? 0 : 20) + (level.Inner is null ? 0 : WedgeHeight);
        // The wedge first: words stand on it.
        if (level.Inner is not null && level.InnerPart >= 0)
            Wedge(xml, scale, level.Parts[level.InnerPart], bottom, next);
        if (level.EndSays is { } says)
            Label(xml, Width - Margin, bottom + 17, level.ImageSize < level.Size ? "end bad" : "end",
                (level.ImageSize == level.Size ? "✓ " : "") + says);
        return next;
    }

    private static void Wedge(XmlWriter xml, MapScale scale, FilePart part, double top, double bottom)
    {
        double from = scale.At(part.Offset), to = scale.At(part.Offset + part.Size);
        xml.WriteStartElement("polygon", Namespace);
        xml.WriteAttributeString("class", "wedge");
        xml.WriteAttributeString("points", string.Create(CultureInfo.InvariantCulture,
            $"{from:0.##},{top:0.##} {to:0.##},{top:0.##} {Width - Margin},{bottom:0.##} {Margin},{bottom:0.##}"));
        xml.WriteEndElement();
    }

    private static void Bars(XmlWriter xml, FileMap level, MapScale scale, double y)
    {
        foreach (FilePart part in level.Parts)
        {
            double from = scale.At(part.Offset), to = scale.At(part.Offset + part.Size);
            PartLook look = PartLook.Of(part.Kind);
            Rectangle(xml, $"part {look.Style}", from, y, to - from, BarHeight,
                $"{part.Name}: 0x{part.Size:x} bytes at 0x{part.Offset:x}; {look.Says}");
            if ((part.Name.Length + 1) * LetterWidth < to - from)
                Label(xml, (from + to) / 2, y + BarHeight / 2 + 4.5, "on", part.Name);
        }
        if (level.Width > level.Size)
        {
            double from = scale.At(level.Size), to = scale.At(level.Width);
            Rectangle(xml, "memory", from, y + 0.5, to - from - 0.5, BarHeight - 1,
                $"not in the file: 0x{level.Width - level.Size:x} bytes of memory");
            if (to - from > 60)
                Label(xml, (from + to) / 2, y + BarHeight / 2 + 4.5, "middle", "bss");
        }
    }

    private static double List(XmlWriter xml, FileMap level, double top)
    {
        double y = top + RowHeight;
        Label(xml, Margin, y, "strong", Cut(level.Name, 110));
        foreach (FilePart part in level.Parts)
        {
            y += RowHeight;
            PartLook look = PartLook.Of(part.Kind);
            Rectangle(xml, look.Style, Margin, y - 11, 12, 12, null);
            Label(xml, Margin + 22, y, "", Cut(part.Name, 40));
            Label(xml, 470, y, "end mono", $"0x{part.Offset:x}");
            Label(xml, 610, y, "end mono", $"0x{part.Size:x}");
            Label(xml, 640, y, "", look.Says);
        }
        foreach (MapCover cover in level.Covers)
        {
            y += RowHeight;
            Rectangle(xml, cover.Holds == false ? "cover bad" : "cover", Margin, y - 7, 12, 4, null);
            Label(xml, Margin + 22, y, "", Cut(
                $"covered by {cover.Name} of {cover.Signer}{(cover.Holds == false ? ", which does not hold" : "")}", 110));
        }
        return y + RowHeight;
    }

    private static void Rectangle(XmlWriter xml, string style, double x, double y, double width, double height, string? title)
    {
        xml.WriteStartElement("rect", Namespace);
        xml.WriteAttributeString("class", style);
        xml.WriteAttributeString("x", Number(x));
        xml.WriteAttributeString("y", Number(y));
        xml.WriteAttributeString("width", Number(Math.Max(0, width)));
        xml.WriteAttributeString("height", Number(height));
        if (title is not null)
            Text(xml, "title", title);
        xml.WriteEndElement();
    }

    private static void Label(XmlWriter xml, double x, double y, string style, string text)
    {
        xml.WriteStartElement("text", Namespace);
        if (style.Length > 0)
            xml.WriteAttributeString("class", style);
        xml.WriteAttributeString("x", Number(x));
        xml.WriteAttributeString("y", Number(y));
        xml.WriteString(Printable.Line(text));
        xml.WriteEndElement();
    }

    private static void Text(XmlWriter xml, string name, string text) => xml.WriteElementString(name, Namespace, Printable.Line(text));

    private static string Cut(string text, int most) =>
        Printable.Line(text) is var line && line.Length <= most ? line : line[..(most - 1)] + "…";

    private static string Number(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>What both a file and a page need; the ground is the file's alone.</summary>
    public static string Shapes { get; } =
        ".map text{font:13px system-ui,sans-serif;fill:var(--ink)}.map .strong{font-weight:600}.map .end{text-anchor:end}.map "
            + ".middle,.map .on{text-anchor:middle}"
        + ".map .mono{font-family:ui-monospace,monospace}.map .on{fill:var(--on);font-weight:600}.map .bad{fill:var(--bad)}.map "
        + ".part{stroke:var(--ground);stroke-width:1}"
        + ".map .cover{fill:var(--good)}.map .cover.bad{fill:var(--bad)}.map .marker{fill:var(--ink)}.map .wedge{fill:var(--wedge)}"
        + ".map .memory{fill:none;stroke:var(--soft);stroke-dasharray:5 4}.map .ground{fill:var(--ground)}";

    /// <summary>The colours of words and ground.</summary>
    public const string LightInk =
        "--ink:#1c2128;--soft:#57606a;--ground:#ffffff;--on:#ffffff;--good:#0f6b3a;--bad:#a32020;--open:#7a5200;--wedge:#e6eaef";

    /// <summary>The same on a dark ground.</summary>
    public const string DarkInk =
        "--ink:#e6edf3;--soft:#a8b3bd;--ground:#14181d;--on:#10141a;--good:#6fd09a;--bad:#ff9a94;--open:#f0c060;--wedge:#262d36";

    private static string Style { get; } =
        $"svg{{{LightInk}}}{Shapes}{Colours(dark: false)}@media (prefers-color-scheme:dark){{svg{{{DarkInk}}}{Colours(dark: true)}}}";
}
