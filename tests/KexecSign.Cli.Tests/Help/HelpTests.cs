using System.Text.RegularExpressions;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Tests.Help;

public sealed class HelpTests
{
    private static readonly Operation[] Operations = [FakeOperations.Named("sign", keyRequired: true), FakeOperations.Named("zboot kit")];

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    public void The_program_lists_its_commands_and_no_others(string flag)
    {
        Session session = Session.Run(Operations, flag);
        session.Exit.ShouldBe(0);
        session.Error.ShouldBeEmpty();
        session.Output.ShouldContain("  sign       Does sign.\n  zboot kit  Does zboot kit.\n");
        session.Output.ShouldNotContain("help-pages");
    }

    [Theory]
    [InlineData()]
    [InlineData("help")]
    [InlineData("-q")]
    public void Without_a_command_one_is_shown_the_first_steps(params string[] arguments)
    {
        Session session = Session.Run(Operations, arguments);
        session.Exit.ShouldBe(0);
        session.Output.ShouldContain("kexecsign demo");
        session.Output.ShouldBe(Session.Run(Operations, "--help").Output);
    }

    [Theory]
    [InlineData("sign")]
    [InlineData("zboot kit")]
    [InlineData("zboot")]
    public void Help_is_a_command_too(string command)
    {
        string[] words = command.Split(' ');
        Session.Run(Operations, ["help", .. words]).Output.ShouldBe(Session.Run(Operations, [.. words, "--help"]).Output);
    }

    [Theory]
    [InlineData("version", "Usage: kexecsign version")]
    [InlineData("help", "Usage: kexecsign help [COMMAND]")]
    [InlineData("completion", "Usage: kexecsign completion bash|zsh|fish")]
    [InlineData("as", "Usage: kexecsign as NAME")]
    [InlineData("man-pages", "Usage: kexecsign man-pages FOLDER")]
    public void Words_that_are_no_commands_have_help_and_those_for_everybody_are_listed(string word, string usage)
    {
        Session session = Session.Run(Operations, "help", word);
        session.Exit.ShouldBe(0);
        session.Output.ShouldContain(usage);
        Session.Run(Operations, "help").Output.Contains($"\n  {word} ", StringComparison.Ordinal).ShouldBe(word != "man-pages");
    }

    [Fact]
    public void A_command_to_run_stands_behind_two_dashes_in_the_usage_and_in_errors()
    {
        Operation[] agent = [FakeOperations.Running("agent")];
        Session.Run(agent, "help", "agent").Output.ShouldContain("Usage: kexecsign agent [OPTIONS] -- COMMAND...\n");
        Session.Run(agent, "agent").Error.ShouldStartWith("KS3010: 'agent' needs -- COMMAND.");
        Session.Run(agent, "agent", "make", "-j4").Error.ShouldStartWith("KS3032: 'agent' has no option '-j4'. A command with options of its own stands behind '--'.");
    }

    [Theory]
    [InlineData("help-pages")]
    [InlineData("man-pages")]
    public void Asking_a_page_command_for_help_makes_no_folder(string command)
    {
        Session session = Session.Run(Operations, command, "--help");
        session.Exit.ShouldBe(0);
        session.Output.ShouldStartWith($"Usage: kexecsign {command} FOLDER");
        Directory.Exists("--help").ShouldBeFalse();
    }

    [Fact]
    public void A_group_lists_its_members()
    {
        string output = Session.Run(Operations, "zboot", "--help").Output;
        output.ShouldContain("Usage: kexecsign zboot COMMAND");
        output.ShouldContain("zboot kit");
        output.ShouldNotContain("Does sign.");
    }

    [Fact]
    public void A_command_shows_summary_arguments_options_defaults_choices_and_examples()
    {
        string output = Session.Run(Operations, "sign", "--help").Output;
        output.ShouldStartWith("Does sign.\n\nUsage: kexecsign sign [FILE...] --key KEY [OPTIONS]\n\nSome details.\n");
        output.ShouldContain("  FILE  The images. May be repeated.\n");
        output.ShouldContain("  -k, --key KEY      The key. -k NAME is short for --key @NAME. Required.\n");
        output.ShouldContain("  --digest HASH      The digest. One of: sha256, sha384. Default: 'sha256'.\n");
        output.ShouldContain("  -o, --output PATH  The output.\n");
        output.ShouldContain("  -q, --quiet");
        output.ShouldContain("    kexecsign sign Image\n");
    }

    [Fact]
    public void Help_is_given_though_something_required_is_missing() => Session.Run(Operations, "sign", "--help", "--key").Exit.ShouldBe(0);

    [Theory]
    [InlineData("--help")]
    [InlineData("sign", "--help")]
    public void No_line_is_wider_than_the_terminal(params string[] arguments)
    {
        string output = Session.Run(Operations, s => s with { Width = 60 }, arguments).Output;
        output.Split('\n').ShouldAllBe(line => line.Length <= 60);
    }

    [Fact]
    public void The_version_is_printed_alone() =>
        ((string[])["--version", "version"]).ShouldAllBe(word => Regex.IsMatch(Session.Run(Operations, word).Output, @"^kexecsign \d+\.\d+\.\d+(-[0-9a-z.]+)?(\+[0-9a-f]{12})?\n$"));

    [Fact]
    public void The_shell_is_told_what_may_follow()
    {
        Session.Run(Operations, "[suggest:2]", "zb").Output.ShouldContain("zboot");
        Session.Run(Operations, "[suggest:14]", "sign --digest ").Output.ShouldContain("sha384");
    }
}
