using System.Globalization;
using System.Xml.Linq;
using KexecSign.Commands.Inspect;
using KexecSign.Fixtures;
using KexecSign.Inspection;
using KexecSign.Pictures;

namespace KexecSign.Tests.Pictures;

/// <summary>A drawing is XML, its bars stand one beside the other over the whole width, and names in it are text.</summary>
public sealed class SvgMapTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly Bench _bench = new();

    [Fact]
    public void Bars_of_each_level_stand_side_by_side_over_the_whole_width()
    {
        XDocument drawing = Drawn(Zboot());
        var rows = drawing.Descendants(Svg + "rect").Where(r => ((string)r.Attribute("class")!).StartsWith("part ", StringComparison.Ordinal)).GroupBy(r => (string)r.Attribute("y")!).ToArray();
        rows.Length.ShouldBe(2, "the file and the kernel inside");
        foreach (var row in rows)
        {
            double at = 16;
            foreach (XElement bar in row)
            {
                Number(bar, "x").ShouldBe(at, 0.03);
                Number(bar, "width").ShouldBeGreaterThan(1);
                at += Number(bar, "width");
            }
            at.ShouldBe(984, 0.1);
        }
    }

    [Fact]
    public void An_inner_signature_that_ends_at_image_size_is_seen()
    {
        string text = File.ReadAllText(Draw(Zboot()));
        text.ShouldContain("the file ends exactly at image_size, 0x20000: its signature fits");
        XDocument drawing = XDocument.Parse(text);
        XElement marker = drawing.Descendants(Svg + "rect").Single(r => (string?)r.Attribute("class") == "marker");
        (Number(marker, "x") + Number(marker, "width") / 2).ShouldBe(984, 0.1, "where the bar ends");
        drawing.Descendants(Svg + "rect").Count(r => ((string)r.Attribute("class")!).StartsWith("cover", StringComparison.Ordinal)).ShouldBeGreaterThan(3, "both signatures, with what they skip left out");
    }

    [Fact]
    public void Names_in_it_are_text_whatever_they_are()
    {
        TestImage image = TestImage.Arm64();
        "<script>"u8.CopyTo(image.Bytes.AsSpan(image.SectionTable));
        "\u0001\"'&]]>"u8.CopyTo(image.Bytes.AsSpan(image.SectionTable + 40));
        string file = Path.Combine(_bench.Folder.Folder("<img src=x onerror=alert(1)>"), "a&b");
        File.WriteAllBytes(file, image.Bytes);
        XDocument drawing = Drawn(file);
        drawing.Descendants().Select(e => e.Name.LocalName).Distinct().ShouldBeSubsetOf(["svg", "title", "desc", "style", "rect", "text", "polygon"]);
        drawing.Descendants(Svg + "text").ShouldContain(t => t.Value == "<script>");
        drawing.Descendants(Svg + "text").ShouldContain(t => t.Value == "\\x01\"'&]]>");
    }

    [Fact]
    public void What_has_no_parts_is_not_drawn() =>
        Refusal.Of("KS4700", () => Draw(_bench.Folder.File("text", "hello"u8)), "neither a PE image");

    [Fact]
    public void A_drawing_is_never_put_in_the_place_of_the_file()
    {
        string file = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        Refusal.Of("KS3005", () => InspectOperation.Definition.Run(new() { File = file, MapSvg = file }, _bench.Context));
    }

    [Fact]
    public void Characters_show_the_same_map()
    {
        InspectResult result = InspectOperation.Definition.Run(new() { File = Zboot(), Map = true }, _bench.Context);
        var view = result.View();
        view.Tables.Length.ShouldBe(2);
        view.Tables[0].Rows.Select(r => r[0]).ShouldBe(["headers", ".text", "payload (gzip)", ".text", ".data", "certificates", "signature 0"]);
        view.Tables[1].Rows.Select(r => r[0]).ShouldBe(["headers", ".text", ".data", "padding", "certificates", "signature 0", "image_size"]);
        view.Tables.SelectMany(t => t.Rows).ShouldAllBe(r => r[3].Length == TextMap.BarWidth);
        view.Tables[1].Rows[^1][3].ShouldEndWith("▲");
        view.Notes.ShouldContain(n => n.StartsWith("payload: the file ends exactly at image_size", StringComparison.Ordinal));
    }

    public void Dispose() => _bench.Dispose();

    // Signed inside as builds sign, and outside.
    private string Zboot()
    {
        KexecSign.Signing.SigningIdentity identity = KexecSign.Signing.SigningIdentity.Open("build", _bench.Identity(TestSigners.Rsa3072), _bench.Context);
        using var inner = KexecSign.Zboot.InnerImage.Sign(
            KexecSign.Formats.Layouts.Layout.Of(TestImage.Arm64().Bytes), identity, KexecSign.Signing.ExistingSignatures.Refuse, _bench.Context);
        byte[] kernel = inner.Image.ReadBytes(0, inner.Image.Length);
        string file = _bench.Folder.At("vmlinuz.efi");
        _bench.Sign(_bench.Folder.File("zboot", TestZboot.Gzip(kernel).Bytes), TestSigners.Rsa2048, o => o with { Output = file });
        return file;
    }

    private string Draw(string file)
    {
        string svg = _bench.Folder.At("map.svg");
        InspectOperation.Definition.Run(new() { File = file, MapSvg = svg }, _bench.Context);
        return svg;
    }

    private XDocument Drawn(string file) => XDocument.Parse(File.ReadAllText(Draw(file)));

    private static double Number(XElement element, string attribute) => double.Parse((string)element.Attribute(attribute)!, CultureInfo.InvariantCulture);
}
