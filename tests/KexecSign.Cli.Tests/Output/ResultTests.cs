using System.Text.Json;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests.Output;

public sealed class ResultTests
{
    [Fact]
    public void Text_for_people_goes_to_standard_error()
    {
        Session session = Session.Run([Ending(ExitCode.Done)], "verify");
        session.Output.ShouldBeEmpty();
        session.Error.ShouldBe("the title\nfields\n  count  7\na note\n");
    }

    [Fact]
    public void Json_goes_to_standard_output_as_one_document()
    {
        Session session = Session.Run([Ending(ExitCode.Done)], "verify", "--json");
        JsonDocument.Parse(session.Output).RootElement.GetProperty("count").GetInt32().ShouldBe(7);
        session.Output.ShouldEndWith("\n");
        session.Error.ShouldContain("the title");
    }

    [Theory]
    [InlineData(ExitCode.Done, 0)]
    [InlineData(ExitCode.Failed, 1)]
    [InlineData(ExitCode.SomeFailed, 3)]
    [InlineData(ExitCode.VerificationFailed, 4)]
    public void The_exit_code_is_the_results(ExitCode ends, int expected) => Session.Run([Ending(ends)], "verify").Exit.ShouldBe(expected);

    [Fact]
    public void Quiet_says_nothing_when_all_is_well() => Session.Run([Ending(ExitCode.Done)], "verify", "-q").Error.ShouldBeEmpty();

    [Fact]
    public void Quiet_still_tells_what_is_wrong() => Session.Run([Ending(ExitCode.VerificationFailed)], "verify", "-q").Error.ShouldContain("a note");

    [Fact]
    public void On_a_terminal_there_are_tables()
    {
        Session session = Session.Run([Ending(ExitCode.Done)], s => s with { ErrorIsTerminal = true }, "verify");
        session.Error.ShouldContain("─");
        session.Error.ShouldContain("\e[1m");
    }

    [Fact]
    public void No_colour_is_used_when_the_user_says_so()
    {
        Session session = Session.Run(
            [Ending(ExitCode.Done)], s => s with { ErrorIsTerminal = true, Environment = name => name == "NO_COLOR" ? "1" : null }, "verify");
        session.Error.ShouldContain("─");
        session.Error.ShouldNotContain("\e[");
    }

    private static Operation Ending(ExitCode exit) => FakeOperations.Named("verify", (_, _) => new("the title", 7, exit));
}
