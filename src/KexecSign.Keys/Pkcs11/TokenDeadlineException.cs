namespace KexecSign.Keys.Pkcs11;

/// <summary>A module did not answer in time. Never leaves this room: callers translate it.</summary>
internal sealed class TokenDeadlineException(TimeSpan deadline) : Exception($"no answer for {deadline.TotalSeconds} seconds")
{
    public TimeSpan Deadline { get; } = deadline;
}
