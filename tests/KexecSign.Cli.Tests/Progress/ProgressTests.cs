using KexecSign.Formats.Errors;
using KexecSign.Operations;
using KexecSign.Running;

namespace KexecSign.Cli.Tests.Progress;

public sealed class ProgressTests
{
    private static readonly Operation Working = FakeOperations.Named("work", (_, context) =>
    {
        using (IRunStep step = context.Log.Step("compress Image", 100))
            step.Advance(50);
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
    public void Quiet_shows_no_progress() => Session.Run([Working], "work", "--quiet").Error.ShouldBeEmpty();
}
