using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests;

/// <summary>What a document points at in this repository is there: the file, and in it the heading.</summary>
public sealed partial class DocumentLinkTests
{
    private static readonly string[] Documents = [.. Repository.Files().Where(file => file.EndsWith(".md", StringComparison.Ordinal))];

    [Fact]
    public void Every_relative_link_leads_somewhere()
    {
        var links = Documents.SelectMany(document => Links(document).Select(target => (Document: document, Target: target))).ToArray();
        links.Length.ShouldBeGreaterThan(100);
        links.Where(link => Missing(link.Document, link.Target)).Select(link => $"{link.Document} -> {link.Target}").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("docs/nowhere.md", true)]
    [InlineData("docs/stable.md#streams", false)]
    [InlineData("docs/stable.md#rivers", true)]
    [InlineData("docs", false)]
    public void Would_see_one_that_does_not(string target, bool missing) => Missing("README.md", target).ShouldBe(missing);

    private static bool Missing(string document, string target)
    {
        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? Full(document) : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Full(document))!, Uri.UnescapeDataString(parts[0])));
        if (parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal))
            return !File.Exists(path) && !Directory.Exists(path);
        return !File.Exists(path) || !Anchors(path).Contains(parts[1]);
    }

    private static IEnumerable<string> Links(string document) =>
        Link().Matches(WithoutBlocks(Full(document))).Select(match => match.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal));

    // As GitHub makes them: lower case, spaces to dashes, everything else but letters, digits and dashes left out; a heading that is
    // there twice gets a number.
    private static HashSet<string> Anchors(string path)
    {
        string text = WithoutBlocks(path);
        HashSet<string> anchors = [.. Named().Matches(text).Select(match => match.Groups[1].Value)];
        foreach (Match heading in Heading().Matches(text))
        {
            string plain = Link().Replace(heading.Groups[1].Value, match => match.Value[1..match.Value.IndexOf(']', StringComparison.Ordinal)]);
            string anchor = Dropped().Replace(plain.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (int number = 0; !anchors.Add(number == 0 ? anchor : $"{anchor}-{number}"); number++)
            {
            }
        }
        return anchors;
    }

    private static string WithoutBlocks(string path) => Code().Replace(Block().Replace(File.ReadAllText(path), ""), match => match.Value.Contains("](", StringComparison.Ordinal) ? "" : match.Value);

    private static string Full(string file) => Path.Combine(Repository.Root, file);

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#{1,6} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("<a (?:id|name)=\"([^\"]+)\"")]
    private static partial Regex Named();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Dropped();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex Code();
}
