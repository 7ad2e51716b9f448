using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Inspection.Parts;
using KexecSign.Judging.Policies;

namespace KexecSign.Pictures;

/// <summary>A report as one page that needs nothing but itself: no script to be read, no file or server besides.</summary>
internal static class HtmlPage
{
    // More images than these are folded, so that the page begins with the whole.
    private const int MostOpen = 3;

    // And with more than these maps the page would be too large to be opened.
    private const int MostMaps = 200;

    /// <summary>The page.</summary>
    public static string Of(PictureReport report)
    {
        var html = new HtmlText();
        html.Markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
            .Markup("<meta http-equiv=\"Content-Security-Policy\" content=\"").Markup(HtmlStyle.Policy).Markup("\">")
            .Markup("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"referrer\" "
                + "content=\"no-referrer\">")
            .Element("title", report.Title).Markup("<style>").Markup(HtmlStyle.Sheet).Markup("</style></head><body><main>")
            .Element("h1", report.Title).Markup("<p>")
                .Element("span", $"{ToneLook.Of(report.Tone).Sign} {report.Outcome}", "outcome " + ToneLook.Of(report.Tone).Style)
                .Markup("</p>\n");
        Facts(html, report.Facts);
        Matrix(html, report);
        Chains(html, report.Chains);
        for (int i = 0; i < report.Images.Length; i++)
            Image(html, report.Images[i], i, report.Images.Length);
        return html.Markup("</main><footer>").Put($"Made by KexecSign {ToolVersion.Number}. The page asks nobody for anything.")
            .Markup("</footer><script>")
            .Markup(HtmlStyle.Script).Markup("</script></body></html>\n").ToString();
    }

    private static void Matrix(HtmlText html, PictureReport report)
    {
        ImmutableArray<string> consumers = report.Consumers;
        if (consumers.IsEmpty)
            return;
        html.Markup("<section><h2>Who takes which image</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Images and "
            + "consumers\"><table><thead><tr><th scope=\"col\">image</th>");
        foreach (string consumer in consumers)
            html.Markup("<th scope=\"col\">").Put(consumer).Markup("</th>");
        html.Markup("</tr></thead><tbody>");
        for (int i = 0; i < report.Images.Length; i++)
        {
            PictureImage image = report.Images[i];
            html.Markup(string.Create(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\"><a href=\"#image-{i}\">")).Put(image.Name)
                .Markup("</a></th>");
            foreach (string consumer in consumers)
            {
                PictureAnswer answer = image.Answers.FirstOrDefault(a => a.Consumer == consumer)
                    ?? (image.Answers.IsEmpty
                        ? new(consumer, image.Tone, image.Status, "")
                        : new(consumer, PictureTone.None, "not asked", ""));
                ToneLook look = ToneLook.Of(answer.Tone);
                html.Element("td", $"{look.Sign} {answer.Says}", look.Style);
            }
            html.Markup("</tr>\n");
        }
        html.Markup("</tbody></table></div></section>\n");
    }

    private static void Image(HtmlText html, PictureImage image, int index, int images)
    {
        bool alone = images == 1, folded = images > MostOpen;
        ToneLook look = ToneLook.Of(image.Tone);
        string id = string.Create(CultureInfo.InvariantCulture, $"id=\"image-{index}\"");
        html.Markup(alone ? $"<section {id}>" : $"<details {id}{(folded ? "" : " open")}><summary><span class=\"{look.Style}\">");
        if (!alone)
            html.Put($"{look.Sign} {image.Status}").Markup("</span> ").Put(image.Name).Markup("</summary>");
        if (image.Says is { } says)
            html.Element("p", says);
        if (image.Answers.Any(a => a.Why.Length > 0))
            Reasons(html, image);
        Chains(html, image.Chains);
        if (image.Map is not null && images <= MostMaps)
            Map(html, image.Map);
        if (!image.Facts.IsEmpty)
        {
            html.Markup("<h3>Files and hashes</h3>");
            Facts(html, image.Facts);
        }
        if (image.Policy is not null)
            Policy(html, image.Policy);
        if (!image.Provenance.IsEmpty)
        {
            html.Markup("<h3>Provenance</h3>");
            Facts(html, image.Provenance);
        }
        html.Markup(alone ? "</section>\n" : "</details>\n");
    }

    private static void Reasons(HtmlText html, PictureImage image)
    {
        html.Markup("<h3>Why</h3><dl>");
        foreach (PictureAnswer answer in image.Answers.Where(a => a.Why.Length > 0))
            html.Element("dt", answer.Consumer).Markup("<dd>").Put($"{answer.Says}: {answer.Why}").Markup("</dd>");
        html.Markup("</dl>");
    }

    private static void Chains(HtmlText html, ImmutableArray<TrustChain> chains)
    {
        if (chains.IsEmpty)
            return;
        html.Markup("<h3>Who trusts whom</h3>");
        foreach (TrustChain chain in chains)
        {
            html.Markup("<div class=\"chain\"><div class=\"box\"><span class=\"what\">key</span>").Element("b", chain.Key);
            if (chain.Fingerprint is { } fingerprint)
                Hash(html, "certificate", fingerprint);
            html.Markup("</div>").Markup(Arrow("signs")).Markup("<div class=\"box\"><span class=\"what\">signature</span>")
                .Element("b", chain.Signature);
            if (chain.Digest is { } digest)
                html.Markup("<code>").Put(digest).Markup("</code>");
            html.Markup("</div>").Markup(Arrow("is checked by")).Markup("<ul class=\"consumers\" aria-label=\"Consumers\">");
            foreach (PictureAnswer answer in chain.Consumers)
                html.Markup($"<li class=\"{ToneLook.Of(answer.Tone).Style}\">")
                    .Put($"{ToneLook.Of(answer.Tone).Sign} {answer.Consumer}: {answer.Says}").Markup("</li>");
            if (chain.Consumers.IsEmpty)
                html.Markup("<li class=\"none\">nobody was asked</li>");
            html.Markup("</ul></div>\n");
        }
    }

    private static string Arrow(string means) =>
        $"<div class=\"arrow\" role=\"img\" aria-label=\"{means}\"><span class=\"right\">→</span><span class=\"down\">↓</span></div>";

    private static void Map(HtmlText html, FileMap map)
    {
        html.Markup("<h3>What lies where</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Map\">")
            .Markup(SvgMap.Element(map)).Markup("</div>");
        if (map.Levels.Any(level => !level.Covers.IsEmpty))
            html.Element("p", "The line above a bar is what its signature covers; narrow parts are drawn wider than they are.");
        foreach (string note in TextMap.Notes(map))
            html.Element("p", note);
        html.Markup("<details><summary>The parts in numbers</summary>");
        foreach (FileMap level in map.Levels)
        {
            html.Markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Parts\"><table><caption>")
                .Put($"{level.Name}: {level.Kind}")
                .Markup("</caption><thead><tr><th scope=\"col\">part</th><th scope=\"col\">offset</th><th scope=\"col\">bytes</th><th "
                    + "scope=\"col\" class=\"says\">what</th></tr></thead><tbody>");
            foreach (FilePart part in level.Parts)
            {
                PartLook look = PartLook.Of(part.Kind);
                html.Markup($"<tr><th scope=\"row\"><svg class=\"swatch\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect "
                    + $"class=\"{look.Style}\" width=\"1\" height=\"1\"/></svg>").Put(part.Name)
                    .Markup("</th>").Element("td", $"0x{part.Offset:x}", "number").Element("td", $"{part.Size}", "number")
                        .Element("td", look.Says, "says").Markup("</tr>");
            }
            html.Markup("</tbody></table></div>");
        }
        html.Markup("</details>");
    }

    private static void Policy(HtmlText html, PolicyReport policy)
    {
        html.Markup("<h3>Policy ").Put(policy.File).Markup("</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Policy "
            + "rules\"><table><thead><tr><th scope=\"col\">rule</th><th scope=\"col\">holds</th><th "
            + "scope=\"col\">found</th></tr></thead><tbody>");
        foreach (PolicyFinding finding in policy.Findings)
        {
            ToneLook look = ToneLook.Of(finding.Holds ? PictureTone.Good : PictureTone.Bad);
            html.Markup("<tr><th scope=\"row\">").Put(finding.Rule).Markup($"</th><td class=\"{look.Style}\">")
                .Put($"{look.Sign} {(finding.Holds ? "yes" : "no")}")
                .Markup("</td>").Element("td", finding.Code is null ? finding.Says : $"{finding.Code}: {finding.Says}").Markup("</tr>");
        }
        html.Markup("</tbody></table></div><dl><dt>sha256 of the policy</dt><dd>");
        Hash(html, "sha256 of the policy", policy.Sha256);
        html.Markup("</dd></dl>");
    }

    private static void Facts(HtmlText html, ImmutableArray<PictureFact> facts)
    {
        if (facts.IsEmpty)
            return;
        html.Markup("<dl>");
        foreach (PictureFact fact in facts)
        {
            html.Element("dt", fact.Name).Markup("<dd>");
            if (fact.IsHash)
                Hash(html, fact.Name, fact.Value);
            else
                html.Put(fact.Value);
            html.Markup("</dd>");
        }
        html.Markup("</dl>\n");
    }

    private static void Hash(HtmlText html, string name, string value) =>
        html.Markup($"<code class=\"hash\" data-name=\"{HtmlText.Encoded(name)}\">").Put(value).Markup("</code>");
}
