using System.Text.Json;
using KexecSign.Core;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests.Output;

public sealed class ErrorTests
{
    [Fact]
    public void A_refusal_is_one_line_without_a_stack_trace()
    {
        KexecSignException refusal = FormatErrors.OutsideFile.With(0xc00, 0x10, 0xa00).In("Image");
        Session session = Session.Run([FakeOperations.Throwing(refusal)], "fail");
        session.Exit.ShouldBe(1);
        session.Error.ShouldBe(refusal.Message + "\n");
        session.Error.ShouldStartWith("KS1001: Image: bytes at 0xc00 (0x10 of them)");
    }

    [Fact]
    public void Verbose_shows_where_it_came_from()
    {
        Session session = Session.Run([FakeOperations.Throwing(new InvalidOperationException("inner text"))], "fail", "-v");
        session.Error.ShouldContain("inner text");
        session.Error.ShouldContain("   at KexecSign.");
    }

    [Fact]
    public void Verbose_names_the_place_of_the_page_that_explains_it()
    {
        Session session = Session.Run([FakeOperations.Throwing(FormatErrors.OutsideFile.With(1, 2, 3))], "fail", "-v");
        session.Error.Split('\n')[1].ShouldMatch("^see (https://[^ @]+/blob/HEAD/)?docs/errors\\.md#ks1001$");
        Session.Run([FakeOperations.Throwing(FormatErrors.OutsideFile.With(1, 2, 3))], "fail").Error.ShouldNotContain("errors.md");
    }

    [Fact]
    public void With_json_there_is_a_document_that_holds_the_parts()
    {
        Session session = Session.Run([FakeOperations.Throwing(FormatErrors.OutsideFile.With(1, 2, 3).In("a\"b"))], "fail", "--json");
        JsonElement error = JsonDocument.Parse(session.Output).RootElement.GetProperty("error");
        error.GetProperty("code").GetString().ShouldBe("KS1001");
        error.GetProperty("file").GetString().ShouldBe("a\"b");
        error.GetProperty("message").GetString().ShouldBe("bytes at 0x1 (0x2 of them) are needed but the file is 0x3 bytes long.");
        error.GetProperty("mend").GetString().ShouldBe(FormatErrors.OutsideFile.Mend);
        session.Error.ShouldStartWith("KS1001: ");
    }

    [Fact]
    public void A_fault_of_the_program_names_its_type_only()
    {
        Session session = Session.Run([FakeOperations.Throwing(new InvalidOperationException("PIN 1234 in here"))], "fail", "--json");
        session.Exit.ShouldBe(1);
        session.Error.ShouldStartWith("KS3000: internal error (InvalidOperationException).");
        (session.Error + session.Output).ShouldNotContain("1234");
        session.Error.TrimEnd('\n').ShouldNotContain("\n");
    }

    [Fact]
    public void Failures_of_parallel_work_are_shown_as_the_first_of_them()
    {
        var thrown = new AggregateException(FormatErrors.OutsideFile.With(1, 2, 3), new IOException("x"));
        Session.Run([FakeOperations.Throwing(thrown)], "fail").Error.ShouldStartWith("KS1001: ");
    }

    [Fact]
    public void An_interruption_is_told_and_fails()
    {
        Session session = Session.Run([FakeOperations.Throwing(new OperationCanceledException())], "fail");
        session.Exit.ShouldBe(1);
        session.Error.ShouldStartWith("KS3036: interrupted.");
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        Session session = Failing(() => File.ReadAllText("/nowhere/at/all"));
        session.Error.ShouldStartWith("KS3009: /nowhere/at/all: the system says: its folder does not exist.");
    }

    [Fact]
    public void A_folder_in_place_of_a_file_is_named() =>
        Failing(() => File.ReadAllText("/proc")).Error.ShouldStartWith("KS3009: /proc: the system says: permission denied, or it is a folder.");

    [Fact]
    public void A_full_disk_is_told()
    {
        Session session = Failing(() => File.WriteAllBytes("/dev/full", [1, 2, 3]));
        session.Exit.ShouldBe(1);
        session.Error.ShouldContain("no space left on the file system");
    }

    [Fact]
    public void Control_characters_of_a_hostile_name_do_not_reach_the_terminal()
    {
        Session session = Session.Run([FakeOperations.Throwing(FormatErrors.OutsideFile.With(1, 2, 3).In("a\e[2J\nb"))], "fail");
        session.Error.ShouldStartWith("KS1001: a\\x1b[2J\\x0ab: ");
    }

    private static Session Failing(Action work) => Session.Run(
        [FakeOperations.Named("fail", (_, _) =>
        {
            work();
            return new("", 0, ExitCode.Done);
        })],
        "fail");
}
