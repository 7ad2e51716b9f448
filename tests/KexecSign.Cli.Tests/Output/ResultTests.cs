using System.Text.Json;
using KexecSign.Core.Operations;
using KexecSign.Core;

namespace KexecSign.Cli.Tests.Output;

public sealed class ResultTests
{
    [Fact]
    public void The_answer_goes_to_standard_output_and_nothing_to_standard_error()
    {
        Session session = Session.Run([Ending(ExitCode.Done)], "verify");
        session.Output.ShouldBe("the title\nfields\n  count  7\na note\n");
        session.Error.ShouldBeEmpty();
    }

    [Fact]
    public void Json_goes_to_standard_output_as_one_document_and_the_table_to_standard_error()
    {
        Session session = Session.Run([Ending(ExitCode.Done)], "verify", "--json");
        JsonDocument.Parse(session.Output).RootElement.GetProperty("count").GetInt32().ShouldBe(7);
        session.Output.ShouldStartWith("{\n  \"schemaVersion\": 1,\n");
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
    public void Quiet_says_nothing_when_all_is_well()
    {
        Session session = Session.Run([Ending(ExitCode.Done)], "verify", "-q");
        (session.Output + session.Error).ShouldBeEmpty();
    }

    [Fact]
    public void Quiet_still_tells_what_is_wrong()
    {
        Session session = Session.Run([Ending(ExitCode.VerificationFailed)], "verify", "-q");
        session.Error.ShouldContain("a note");
        session.Output.ShouldBeEmpty();
    }

    [Fact]
    public void A_reader_that_has_seen_enough_is_no_error()
    {
        using var closed = new ClosedPipe();
        Session.Run([Ending(ExitCode.VerificationFailed)], s => s with { Output = closed }, "verify").Error.ShouldBeEmpty();
        Session.Run([Ending(ExitCode.VerificationFailed)], s => s with { Output = closed }, "verify").Exit.ShouldBe(4);
    }

    private static Operation Ending(ExitCode exit) => FakeOperations.Named("verify", (_, _) => new("the title", 7, exit));

    private sealed class ClosedPipe : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe", 32);
    }
}
