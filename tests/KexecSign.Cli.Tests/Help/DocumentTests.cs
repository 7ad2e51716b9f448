using System.Text.RegularExpressions;
using KexecSign.Catalog;
using KexecSign.Cli.Commands;
using KexecSign.Cli.Help;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Tests.Help;

/// <summary>What the documentation says of commands, options, codes and places is so.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string> Pages =>
        [.. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Concat([Path.Combine(Root, "README.md")]).Select(file => Path.GetRelativePath(Root, file))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_somewhere(string page)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
        foreach (Match link in Link().Matches(WithoutCode(Read(page))))
        {
            string target = link.Groups["target"].Value;
            if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                continue;
            string[] parts = target.Split('#', 2);
            string file = parts[0].Length == 0 ? Path.Combine(Root, page) : Path.Combine(folder, parts[0]);
            (File.Exists(file) || Directory.Exists(file)).ShouldBeTrue($"{page}: {target}");
            if (parts.Length == 2)
                Anchors(file).ShouldContain(parts[1], $"{page}: {target}");
        }
    }

    [Theory]
    [InlineData("docs/coming-from.md")]
    [InlineData("docs/hsm.md")]
    [InlineData("docs/troubleshooting.md")]
    [InlineData("docs/faq.md")]
    public void Commands_options_and_codes_exist(string page)
    {
        string text = Read(page);
        Code().Matches(text).Select(match => match.Value).Except(ErrorReference.All.Select(code => code.Id)).ShouldBeEmpty(page);
        MatchCollection commands = Command().Matches(text);
        commands.Count.ShouldBeGreaterThan(3, page);
        foreach (Match command in commands)
            RequireCommand(command.Groups["words"].Value, page);
    }

    private static void RequireCommand(string words, string page)
    {
        if (words.StartsWith("as ", StringComparison.Ordinal))
            return;
        Operation? operation = OperationCatalog.All.Where(o => (words + " ").StartsWith(o.Name + " ", StringComparison.Ordinal)).MaxBy(o => o.Name.Length);
        operation.ShouldNotBeNull($"{page}: kexecsign {words}");
        string[] known =
        [
            .. operation.Options.SelectMany(option => (string?[])[option.Typed, option.OtherTyped]).OfType<string>(),
            .. GlobalFlags.Listed.SelectMany(flag => (string?[])[flag.Name, flag.Short]).OfType<string>(),
        ];
        Option().Matches(words).Select(option => option.Groups["name"].Value).Except(known).ShouldBeEmpty($"{page}: kexecsign {words}");
    }

    // As GitHub makes them of headings, and those that are written out.
    private static HashSet<string> Anchors(string file)
    {
        string text = Path.GetFileName(file) == "errors.md" ? ReferencePages.Errors(ErrorReference.All) : File.ReadAllText(file);
        return
        [
            .. Heading().Matches(text).Select(heading => Dropped().Replace(heading.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-')),
            .. Written().Matches(text).Select(anchor => anchor.Groups["id"].Value),
        ];
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(Root, page));

    private static string WithoutCode(string text) => Fence().Replace(text, "");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder.ShouldNotBeNull();
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"KS\d{4}")]
    private static partial Regex Code();

    // In a code span, or a line of an indented block up to two blanks, behind which stands a remark.
    [GeneratedRegex(@"(?:`|^    )kexecsign (?<words>[a-z][^`\n]*?)(?:`|\s{2,}|\n)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"(?<=\s)(?<name>--?[a-z][a-z0-9-]*)")]
    private static partial Regex Option();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("<a id=\"(?<id>[^\"]+)\"></a>")]
    private static partial Regex Written();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Dropped();

    [GeneratedRegex("^```.*?^```|`[^`\n]*`", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
