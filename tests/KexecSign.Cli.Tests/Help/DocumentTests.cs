using System.Text.RegularExpressions;
using KexecSign.Catalog;
using KexecSign.Cli.Commands;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Tests.Help;

/// <summary>What the documentation says of commands, options and codes is so.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Root = FindRoot();

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
        Operation? operation = OperationCatalog.All
            .Where(o => (words + " ").StartsWith(o.Name + " ", StringComparison.Ordinal)).MaxBy(o => o.Name.Length);
        operation.ShouldNotBeNull($"{page}: kexecsign {words}");
        string[] known =
        [
            .. operation.Options.SelectMany(option => (string?[])[option.Typed, option.OtherTyped]).OfType<string>(),
            .. GlobalFlags.Listed.SelectMany(flag => (string?[])[flag.Name, flag.Short]).OfType<string>(),
        ];
        Option().Matches(words).Select(option => option.Groups["name"].Value).Except(known).ShouldBeEmpty($"{page}: kexecsign {words}");
    }

    private static string Read(string page) => File.ReadAllText(Path.Combine(Root, page));

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder.ShouldNotBeNull();
    }

    [GeneratedRegex(@"KS\d{4}")]
    private static partial Regex Code();

    // In a code span, or a line of an indented block up to two blanks, behind which stands a remark.
    [GeneratedRegex(@"(?:`|^    )kexecsign (?<words>[a-z][^`\n]*?)(?:`|\s{2,}|\n)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"(?<=\s)(?<name>--?[a-z][a-z0-9-]*)")]
    private static partial Regex Option();
}
