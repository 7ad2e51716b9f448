namespace KexecSign.Programs;

/// <summary>How a child program ended, in words.</summary>
public static class ProgramEnding
{
    private const int Signals = 128, LastSignal = 64;

    /// <summary>
    /// The words for an exit code as .NET gives it: 128 + signal for a killed child, which a program may also end with by itself.
    /// </summary>
    public static string Of(int code) => code is > Signals and <= Signals + LastSignal
        ? $"exit code {code} or signal {code - Signals}"
        : $"exit code {code}";
}
