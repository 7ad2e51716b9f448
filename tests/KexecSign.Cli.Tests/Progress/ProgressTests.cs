using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Progress;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests.Progress;

public sealed class ProgressTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Away_from_a_terminal_what_takes_less_than_a_second_is_not_told()
    {
        Run(terminal: false, seconds: 0.9).Error.ShouldBe("warning: something is odd\n");
    }

    [Fact]
    public void Away_from_a_terminal_a_long_step_is_told_once_then_every_ten_seconds_then_its_end() =>
        Run(terminal: false, seconds: 12.2).Error.ShouldBe(
            "compress Image ...\ncompress Image: 10.0 of 40.0 MB (25 %), 0.9 MB/s, 0:11 elapsed, 0:33 left\ncompress Image: done in 12.2 s\nwarning: something is odd\n");

    [Fact]
    public void On_a_terminal_one_line_changes_and_is_taken_away_again() =>
        Run(terminal: true, seconds: 0.3).Error.ShouldBe("\r\e[Kcompress Image: 10.0 of 40.0 MB (25 %)\r\e[Kwarning: something is odd\n");

    [Fact]
    public void On_a_terminal_a_warning_is_broken_between_words_and_elsewhere_it_is_one_line()
    {
        const string warning = "the kit's stub is of kernel 6.12.117 but the Image is 6.12.117+deb12-cloud-arm64: capture a kit of this kernel";
        Operation warns = FakeOperations.Named("warn", (_, context) =>
        {
            context.Log.Warning(warning);
            return new("done", 0, ExitCode.Done);
        });
        string Said(bool terminal) => Session.Run([warns], s => s with { ErrorIsTerminal = terminal, Width = 80 }, "warn").Error;

        Said(terminal: true).ShouldBe(
            "warning: the kit's stub is of kernel 6.12.117 but the Image is\n6.12.117+deb12-cloud-arm64: capture a kit of this kernel\n");
        Said(terminal: false).ShouldBe($"warning: {warning}\n");
    }

    [Fact]
    public void Details_and_short_steps_are_for_verbose()
    {
        Run(terminal: false, seconds: 0.1).Error.ShouldNotContain("a detail");
        string told = Run(terminal: false, seconds: 0.1, "-v").Error;
        told.ShouldContain("compress Image\n");
        told.ShouldContain("a detail\n");
    }

    [Theory]
    [InlineData(50_000_000, 200_000_000, 2, "sign: 50.0 of 200.0 MB (25 %), 25.0 MB/s, 0:02 elapsed, 0:06 left")]
    [InlineData(50_000_000, 200_000_000, 0.2, "sign: 50.0 of 200.0 MB (25 %)")]
    [InlineData(200_000_000, 200_000_000, 65, "sign: all 200.0 MB read, finishing, 1:05 elapsed")]
    [InlineData(0, 200_000_000, 2, "sign: 0:02 elapsed")]
    [InlineData(3_000_000, 0, 3700, "sign: 3.0 MB, 0.0 MB/s, 1:01:40 elapsed")]
    public void Progress_tells_what_was_consumed_rate_time_and_time_left(long done, long total, double seconds, string line) =>
        ProgressText.Of("sign", done, total, TimeSpan.FromSeconds(seconds)).ShouldBe(line);

    [Fact]
    public void Quiet_shows_no_progress() => Run(terminal: true, seconds: 30, "--quiet").Error.ShouldBeEmpty();

    private Session Run(bool terminal, double seconds, params string[] flags)
    {
        Operation working = FakeOperations.Named("work", (_, context) =>
        {
            using (IRunStep step = context.Log.Step("compress Image", 40_000_000))
            {
                step.Advance(10_000_000);
                _clock.Pass(TimeSpan.FromSeconds(seconds));
            }
            context.Log.Warning("something is odd");
            context.Log.Detail("a detail");
            return new("done", 0, ExitCode.Done);
        });
        return Session.Run([working], s => s with { ErrorIsTerminal = terminal, Clock = _clock }, ["work", .. flags]);
    }

    // Time that passes when the test says so; timers ring on the way.
    private sealed class ManualClock : TimeProvider
    {
        private readonly List<Ringing> _timers = [];
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Ringing(callback, period.Ticks, _now + dueTime.Ticks);
            _timers.Add(timer);
            return timer;
        }

        public void Pass(TimeSpan time)
        {
            long end = _now + time.Ticks;
            while (_timers.Where(timer => timer.Next <= end).MinBy(timer => timer.Next) is { } due)
            {
                _now = due.Next;
                due.Ring();
            }
            _now = end;
        }

        private sealed class Ringing(TimerCallback callback, long period, long next) : ITimer
        {
            public long Next { get; private set; } = next;

            public void Ring()
            {
                Next += period;
                callback(null);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period) => false;

            public void Dispose() => Next = long.MaxValue;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
