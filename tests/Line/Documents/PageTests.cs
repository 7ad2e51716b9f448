using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KexecSign.Fixtures;
using Xunit.Abstractions;

namespace KexecSign.Line.Tests.Documents;

/// <summary>What README and tutorials say is typed word for word, page by page, in an empty folder.</summary>
public sealed partial class PageTests(Reader reader, ITestOutputHelper output) : IClassFixture<Reader>
{
    private static readonly string[] Languages = ["sh", "json", "xml", "csharp", "text"];

    // Those of MSBuild and Cake are run by tests/Packages, with the packages that they are of.
    public static TheoryData<string> Pages => [.. Page.Names.Where(name => !name.Contains("msbuild", StringComparison.Ordinal) && !name.Contains("cake", StringComparison.Ordinal))];

    private static IEnumerable<Fence> Fences => Page.Names.SelectMany(name => Page.Read(name).Fences);

    [SkippableTheory]
    [MemberData(nameof(Pages))]
    public void A_page_works_from_its_first_line_to_its_last(string name)
    {
        var page = Page.Read(name);
        using TempFolder folder = new(), stash = new();
        foreach (string file in page.Has)
            Possession.Give(folder.Path, file);
        ToolAnswer answer = reader.Page(folder.Path, page.Script(stash.Path));
        output.WriteLine(answer.Output);
        answer.Exit.ShouldBe(0, answer.Output);
    }

    [SkippableFact]
    public void Every_document_of_JSON_is_what_its_schema_says()
    {
        Fence[] documents = [.. Fences.Where(fence => fence.Language == "json")];
        documents.Length.ShouldBeGreaterThanOrEqualTo(4);
        foreach (Fence fence in documents)
        {
            fence.Schema.ShouldNotBeNull($"{fence.Place} names no schema");
            // What has none is written into a file, and read by a command.
            if (fence.Schema == "none")
                fence.File.ShouldNotBeNull(fence.Place);
            if (fence.Schema == "none")
                continue;
            using var folder = new TempFolder();
            // The judge knows neither comments nor trailing commas.
            JsonNode document = JsonNode.Parse(fence.Text, documentOptions: new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
            ToolAnswer answer = SchemaJudge.Ask(fence.Schema, folder.File("document.json", System.Text.Encoding.UTF8.GetBytes(document.ToJsonString())));
            answer.Exit.ShouldBe(0, $"{fence.Place}: {answer.Output}");
        }
    }

    [Fact]
    public void Every_block_says_what_it_is_and_what_is_not_run_says_why()
    {
        foreach (Fence fence in Fences)
        {
            fence.Language.ShouldBeOneOf(Languages, fence.Place);
            if (fence.NotRun is not null)
                output.WriteLine($"{fence.Place}: {fence.NotRun}\n{fence.Text}");
            if (fence.NotRun is not null)
                fence.NotRun.Split(' ').Length.ShouldBeGreaterThan(3, fence.Place);
        }
    }

    [Fact]
    public void Enough_is_run()
    {
        int commands = Fences.Where(fence => fence is { Language: "sh", NotRun: null }).Sum(fence => Command().Count(fence.Text));
        output.WriteLine($"{commands} commands of {Page.Names.Length} pages");
        commands.ShouldBeGreaterThanOrEqualTo(40);
    }

    [Fact]
    public void No_paragraph_of_the_README_is_longer_than_five_lines()
    {
        string[] lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "pages", "README.md"));
        bool block = false;
        int length = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            block ^= lines[i].StartsWith("```", StringComparison.Ordinal);
            length = block || lines[i].Length == 0 || "|-`<!".Contains(lines[i][0], StringComparison.Ordinal) ? 0 : length + 1;
            length.ShouldBeLessThanOrEqualTo(5, $"README.md:{i + 1}");
        }
    }

    [GeneratedRegex("^kexecsign ", RegexOptions.Multiline)]
    private static partial Regex Command();
}
