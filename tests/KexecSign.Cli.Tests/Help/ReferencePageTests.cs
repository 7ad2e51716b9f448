using KexecSign.Catalog;
using KexecSign.Cli.Commands;
using KexecSign.Cli.Help;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Tests.Help;

/// <summary>The committed pages are what the program would write now. <c>UPDATE_SNAPSHOTS=1</c> rewrites them.</summary>
public sealed class ReferencePageTests
{
    [Fact]
    public void Reference_page_is_up_to_date() => Snapshot.Compare("docs/reference.md", ReferencePages.Commands(OperationCatalog.All));

    [Fact]
    public void Error_page_is_up_to_date() => Snapshot.Compare("docs/errors.md", ReferencePages.Errors(ErrorReference.All));

    [Fact]
    public void Environment_page_is_up_to_date() => Snapshot.Compare("docs/environment.md", EnvironmentPage.Text(EnvironmentReference.All));

    [Fact]
    public void Page_of_firmware_is_up_to_date() => Snapshot.Compare("docs/firmware.md", FirmwarePage.Text());

    public static TheoryData<string> Names => [.. OperationCatalog.All.Select(operation => operation.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Schemas_are_up_to_date(string name)
    {
        Operation operation = OperationCatalog.All.Single(operation => operation.Name == name);
        Snapshot.Compare("docs/schema/" + ReportSchemas.FileName(operation), ReportSchemas.Of(operation));
    }

    public static TheoryData<string> Published => [.. PublishedSchemas.All.Select(schema => schema.FileName)];

    [Theory]
    [MemberData(nameof(Published))]
    public void Schemas_of_what_people_write_are_up_to_date(string name) =>
        Snapshot.Compare("docs/schema/" + name, PublishedSchemas.All.Single(schema => schema.FileName == name).Text);

    [Fact]
    public void The_hidden_command_writes_all()
    {
        string folder = Directory.CreateTempSubdirectory("kexecsign-test-").FullName;
        try
        {
            Session.Run([FakeOperations.Named("zboot kit")], "help-pages", folder).Exit.ShouldBe(0);
            string reference = File.ReadAllText(Path.Combine(folder, "reference.md"));
            reference.ShouldContain("## zboot kit\n");
            reference.ShouldContain("| `--digest HASH` | The digest. One of: sha256, sha384. Default: 'sha256'. |\n");
            File.ReadAllText(Path.Combine(folder, "errors.md")).ShouldContain("| <a id=\"ks3000\"></a>KS3000 |");
            File.ReadAllText(Path.Combine(folder, "environment.md")).ShouldContain("| `NO_COLOR` | ");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void An_option_that_four_commands_explain_alike_is_explained_once()
    {
        string three = ReferencePages.Commands([FakeOperations.Named("a"), FakeOperations.Named("b"), FakeOperations.Named("c")]);
        three.ShouldNotContain($"## {SharedOptions.Title}");
        Operation[] alike = [.. ((string[])["a", "b", "c", "e"]).Select(name => FakeOperations.Named(name))];
        string four = ReferencePages.Commands([.. alike, FakeOperations.Named("d", keyRequired: true)]);
        four.Split("| `--digest HASH` |").Length.ShouldBe(2);
        four.ShouldContain($"As [elsewhere](#{SharedOptions.Anchor}): `-k, --key KEY`, `-c, --cert CERT`, `--digest HASH`, `--replace`, `-o, --output PATH`.");
        // d's key is required, and so stays in its own table.
        four.ShouldContain("| `-k, --key KEY` | The key. -k NAME is short for --key @NAME. Required. |\n\nAs [elsewhere]");
    }

    [Fact]
    public void Every_command_keeps_every_option_and_links_lead_somewhere()
    {
        string page = ReferencePages.Commands(OperationCatalog.All);
        page.ShouldContain($"\n## {SharedOptions.Title}\n");
        foreach (Operation operation in OperationCatalog.All)
        {
            string section = page.Split($"\n## {operation.Name}\n")[1].Split("\n## ")[0].Replace("\\|", "|", StringComparison.Ordinal);
            operation.Options.ShouldAllBe(option => section.Contains($"`{HelpText.Label(option)}`"), operation.Name);
        }
    }

    [Fact]
    public void No_operation_has_an_option_or_a_name_that_the_program_itself_uses()
    {
        string[] taken = [.. GlobalFlags.Listed.Select(flag => flag.Name.TrimStart('-')), "q", "v", "h", "output"];
        foreach (Operation operation in OperationCatalog.All)
        {
            // The version of a value of IMA or EVM and the configuration of a kernel are called so everywhere, and asked of these commands alone.
            operation.Options.Select(option => option.Name).Where(name => (operation.Name, name) is not (("ima sign" or "evm sign", "version") or ("zboot kit", "config")))
                .ShouldAllBe(name => !taken.Contains(name), operation.Name);
            operation.Options.Select(option => option.Name).ShouldBeUnique(operation.Name);
            operation.Name.Split(' ').Length.ShouldBeLessThanOrEqualTo(2, operation.Name);
        }
    }
}

internal static class Snapshot
{
    public static void Compare(string path, string expected)
    {
        string committed = Path.Combine(Root(), path);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(committed)!);
            File.WriteAllText(committed, expected);
        }
        File.Exists(committed).ShouldBeTrue($"{path} is missing; run the tests with UPDATE_SNAPSHOTS=1 and commit what they write");
        File.ReadAllText(committed).ShouldBe(expected, $"{path} is out of date; run the tests with UPDATE_SNAPSHOTS=1 and commit what they write");
    }

    // PathMap makes CallerFilePath useless; the solution is found from the test's own folder upwards.
    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder.ShouldNotBeNull();
    }
}
