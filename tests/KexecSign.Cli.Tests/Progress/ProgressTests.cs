using KexecSign.Cli.Progress;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests.Progress;

public sealed class ProgressTests
{
    private static readonly Operation Working = FakeOperations.Named("work", (_, context) =>
    {
        using (IRunStep step = context.Log.Step("compress Image", 40_000_000))
            step.Advance(50);
        context.Log.Step("hash a section", 4096).Dispose();
        context.Log.Warning("something is odd");
        context.Log.Detail("a detail");
        return new("done", 0, ExitCode.Done);
    });

    [Fact]
    public void Away_from_a_terminal_steps_are_lines() =>
        Session.Run([Working], "work").Error.ShouldStartWith("compress Image\nwarning: something is odd\ndone\n");

    [Fact]
    public void On_a_terminal_the_line_is_taken_away_again()
    {
        Session session = Session.Run([Working], s => s with { ErrorIsTerminal = true }, "work");
        session.Error.ShouldStartWith("\r\e[Kcompress Image\r\e[Kwarning: something is odd\n");
    }

    [Fact]
    public void Details_are_for_verbose()
    {
        Session.Run([Working], "work").Error.ShouldNotContain("a detail");
        Session.Run([Working], "work", "-v").Error.ShouldContain("a detail\n");
    }

    [Fact]
    public void Steps_over_a_few_bytes_are_for_verbose()
    {
        Session.Run([Working], "work").Error.ShouldNotContain("hash a section");
        Session.Run([Working], "work", "-v").Error.ShouldContain("hash a section\n");
    }

    [Theory]
    [InlineData(50_000_000, 200_000_000, 2, "sign: 25 % of 200.0 MB, 25.0 MB/s, 6 s left")]
    [InlineData(50_000_000, 200_000_000, 0.2, "sign: 25 % of 200.0 MB")]
    [InlineData(250_000_000, 200_000_000, 2, "sign: 100 % of 200.0 MB, 125.0 MB/s, 0 s left")]
    [InlineData(0, 200_000_000, 2, "sign: 0 % of 200.0 MB")]
    [InlineData(3_000_000, 0, 2, "sign: 3.0 MB, 1.5 MB/s")]
    public void Progress_tells_rate_and_time_left(long done, long total, double seconds, string line) =>
        RunLog.Text("sign", done, total, seconds).ShouldBe(line);

    [Fact]
    public void Quiet_shows_no_progress() => Session.Run([Working], "work", "--quiet").Error.ShouldBeEmpty();
}
