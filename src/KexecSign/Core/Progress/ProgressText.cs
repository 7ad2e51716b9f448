namespace KexecSign.Core.Progress;

/// <summary>How far a step is, in one line.</summary>
public static class ProgressText
{
    private static readonly TimeSpan Measurable = TimeSpan.FromSeconds(1);

    /// <summary>How much of how much was consumed, how fast, for how long, and how long it still takes.</summary>
    /// <param name="name">The step.</param>
    /// <param name="done">Bytes consumed.</param>
    /// <param name="total">Bytes in all; 0 when not known.</param>
    /// <param name="elapsed">Time since it began.</param>
    public static string Of(string name, long done, long total, TimeSpan elapsed)
    {
        string since = $", {Clock(elapsed)} elapsed";
        if (total > 0 && done >= total)
            return $"{name}: all {total / 1e6:0.0} MB read, finishing{since}";
        if (done <= 0)
            return $"{name}: {Clock(elapsed)} elapsed";
        string how = total > 0 ? $" {done / 1e6:0.0} of {total / 1e6:0.0} MB ({done * 100.0 / total:0} %)" : $" {done / 1e6:0.0} MB";
        // A rate taken from less than a second jumps about.
        if (elapsed < Measurable)
            return $"{name}:{how}";
        double rate = done / elapsed.TotalSeconds;
        string left = total > 0 ? $", {Clock(TimeSpan.FromSeconds((total - done) / rate))} left" : "";
        return $"{name}:{how}, {rate / 1e6:0.0} MB/s{since}{left}";
    }

    private static string Clock(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";
}
