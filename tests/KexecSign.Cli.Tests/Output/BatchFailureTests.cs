using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Core;

namespace KexecSign.Cli.Tests.Output;

public sealed class BatchFailureTests
{
    private static readonly Operation Batch = FakeOperations.Named("sign", (_, _) => new("signed 1 file(s), 3 failed", 1, ExitCode.SomeFailed)
    {
        Failures = [Failure("KS1001", "a"), Failure("KS3001", "b"), Failure("KS1001", "c")],
    });

    [Fact]
    public void Failures_of_one_kind_are_one_error_line_with_their_number()
    {
        Session session = Session.Run([Batch], "sign", "x");
        session.Error.ShouldBe("KS1001: 2 files, the first of them: a: it is broken. (-v names each)\nKS3001: b: it is broken.\n");
        session.Output.ShouldStartWith("signed 1 file(s), 3 failed\n");
        session.Output.ShouldNotContain("broken");
    }

    [Fact]
    public void Verbose_names_each_and_the_pages_of_their_codes() =>
        Session.Run([Batch], "sign", "x", "-v").Error.ShouldBe(
            "KS1001: a: it is broken.\nKS1001: c: it is broken.\nKS3001: b: it is broken.\n"
            + $"see {ToolVersion.ErrorPage("KS1001")}\nsee {ToolVersion.ErrorPage("KS3001")}\n");

    [Fact]
    public void Quiet_shows_them_and_nothing_else()
    {
        Session session = Session.Run([Batch], "sign", "x", "-q");
        session.Output.ShouldBeEmpty();
        session.Error.Split('\n').Length.ShouldBe(3);
    }

    private static ReportFailure Failure(string code, string file) => new(code, $"{code}: {file}: it is broken.");
}
