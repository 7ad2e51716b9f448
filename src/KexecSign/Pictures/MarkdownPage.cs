using System.Collections.Immutable;
using System.Text;
using KexecSign.Core.Reports;
using KexecSign.Judging.Policies;

namespace KexecSign.Pictures;

/// <summary>A report as GitHub's and GitLab's Markdown, for the summary of a CI run.</summary>
internal static class MarkdownPage
{
    private const int MostMaps = 3;

    // GitHub takes a summary of 1 MiB at most, and refuses a longer one as a whole.
    private const int MostDetails = 100;

    /// <summary>The text.</summary>
    public static string Of(PictureReport report)
    {
        var text = new StringBuilder();
        text.Append($"# {Word(report.Title)}\n\n{ToneLook.Of(report.Tone).Emoji} **{Word(report.Outcome)}**\n\n");
        Facts(text, report.Facts);
        if (!report.Consumers.IsEmpty)
            text.Append("## Who takes which image\n\n").Append(Matrix(report)).Append('\n');
        Chains(text, report.Chains);
        PictureImage[] told = [.. report.Images.OrderBy(image => image.Tone == PictureTone.Good).Take(MostDetails)];
        foreach (PictureImage image in told)
            Image(text, image, withMap: report.Images.Length <= MostMaps);
        if (told.Length < report.Images.Length)
            text.Append($"{report.Images.Length - told.Length} more images are in the table alone; the page of --html and the report say "
                + $"all of them.\n\n");
        return text.Append($"Made by KexecSign {Word(ToolVersion.Number)}.\n").ToString();
    }

    /// <summary>The matrix alone: images and consumers.</summary>
    public static string Matrix(PictureReport report)
    {
        var text = new StringBuilder("| image |");
        ImmutableArray<string> consumers = report.Consumers;
        text.AppendJoin("", consumers.Select(c => $" {Word(c)} |")).Append("\n| --- |").AppendJoin("", consumers.Select(_ => " --- |"))
            .Append('\n');
        foreach (PictureImage image in report.Images)
        {
            text.Append($"| {Code(image.Name)} |");
            foreach (string consumer in consumers)
            {
                PictureAnswer? answer = image.Answers.FirstOrDefault(a => a.Consumer == consumer);
                text.Append(answer is null ? $" {(image.Answers.IsEmpty ? $"{ToneLook.Of(image.Tone).Emoji} {Word(image.Status)}" : "–")} |"
                    : $" {ToneLook.Of(answer.Tone).Emoji} {Word(answer.Says)} |");
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Text in which nothing has a meaning to Markdown: every sign of punctuation that could have one is escaped.</summary>
    internal static string Word(string? text)
    {
        var safe = new StringBuilder();
        foreach (char c in Printable.Line(text ?? ""))
        {
            if (c is '&')
                safe.Append("&amp;");
            else if (c is '<')
                safe.Append("&lt;");
            else if (char.IsAsciiLetterOrDigit(c) || !char.IsAscii(c) || c is ' ' or ',' or ';' or '\'' or '(' or ')' or '=' or '%' or '/'
                or '?' or '"')
                safe.Append(c);
            // A dot, a colon and an at sign make links of words, an escaped one does not.
            else
                safe.Append('\\').Append(c);
        }
        return safe.ToString();
    }

    /// <summary>Text as code, fenced by more backticks than are in it.</summary>
    internal static string Code(string? text)
    {
        string line = Printable.Line(text ?? "").Replace("|", "\\|", StringComparison.Ordinal);
        if (line.Trim().Length == 0)
            return "\\-";
        int longest = 0, run = 0;
        foreach (char c in line)
            longest = Math.Max(longest, run = c == '`' ? run + 1 : 0);
        string fence = new('`', longest + 1), blank = longest > 0 || line[0] == ' ' || line[^1] == ' ' ? " " : "";
        return $"{fence}{blank}{line}{blank}{fence}";
    }

    private static void Image(StringBuilder text, PictureImage image, bool withMap)
    {
        text.Append($"<details><summary>{ToneLook.Of(image.Tone).Emoji} "
            + $"{HtmlText.Encoded(image.Name)}{(image.Status.Length == 0 ? "" : ": ")}{HtmlText.Encoded(image.Status)}</summary>\n\n");
        if (image.Says is { } says)
            text.Append(Word(says)).Append("\n\n");
        foreach (PictureAnswer answer in image.Answers.Where(a => a.Why.Length > 0))
            text.Append($"- {ToneLook.Of(answer.Tone).Emoji} **{Word(answer.Consumer)}** {Word(answer.Says)}: {Word(answer.Why)}\n");
        text.Append('\n');
        Chains(text, image.Chains);
        if (withMap && image.Map is not null)
            Map(text, image.Map);
        Facts(text, image.Facts);
        if (image.Policy is not null)
            Policy(text, image.Policy);
        Facts(text, image.Provenance);
        text.Append("</details>\n\n");
    }

    private static void Chains(StringBuilder text, ImmutableArray<TrustChain> chains)
    {
        if (chains.IsEmpty)
            return;
        text.Append("| key | signature | checked by |\n| --- | --- | --- |\n");
        foreach (TrustChain chain in chains)
        {
            string consumers = string.Join("; ", chain.Consumers.Select(c =>
                $"{ToneLook.Of(c.Tone).Emoji} {Word(c.Consumer)} {Word(c.Says)}"));
            text.Append($"| {Code(chain.Key)} | {Word(chain.Signature)}{(chain.Digest is null ? "" : " " + Code(chain.Digest))} | "
                + $"{consumers} |\n");
        }
        text.Append('\n');
    }

    // Indented code: no line of it can end it.
    private static void Map(StringBuilder text, FileMap map)
    {
        using var plain = new StringWriter { NewLine = "\n" };
        PlainView.Write(new("", TextMap.Of(map), TextMap.Notes(map)), plain);
        foreach (string line in plain.ToString().TrimEnd('\n').Split('\n'))
            text.Append("    ").Append(line).Append('\n');
        text.Append('\n');
    }

    private static void Policy(StringBuilder text, PolicyReport policy)
    {
        text.Append($"| rule of {Code(policy.File)} | holds | found |\n| --- | --- | --- |\n");
        foreach (PolicyFinding finding in policy.Findings)
        {
            ToneLook look = ToneLook.Of(finding.Holds ? PictureTone.Good : PictureTone.Bad);
            text.Append($"| {Code(finding.Rule)} | {look.Emoji} {(finding.Holds ? "yes" : "no")} | "
                + $"{Word(finding.Code is null ? finding.Says : $"{finding.Code}: {finding.Says}")} |\n");
        }
        text.Append('\n');
    }

    private static void Facts(StringBuilder text, ImmutableArray<PictureFact> facts)
    {
        if (facts.IsEmpty)
            return;
        text.Append("| | |\n| --- | --- |\n");
        foreach (PictureFact fact in facts)
            text.Append($"| {Word(fact.Name)} | {Code(fact.Value)} |\n");
        text.Append('\n');
    }
}
