namespace KexecSign.Programs;

/// <summary>What a child program says: all of it to a log file, the last lines in memory.</summary>
internal sealed class ProgramOutput(string? logFile) : IDisposable
{
    private const int LinesKept = 200;
    private const int LineLength = 500;

    private readonly Lock _lock = new();
    private readonly Queue<string> _tail = new();
    private readonly StreamWriter? _log = logFile is null ? null : new(logFile, append: true);

    /// <summary>Writes a line of our own to the log.</summary>
    public void Announce(string line)
    {
        lock (_lock)
            _log?.WriteLine(line);
    }

    /// <summary>Takes a line of either stream; null at a stream's end.</summary>
    public void Take(string? line)
    {
        if (line is null)
            return;
        lock (_lock)
        {
            _log?.WriteLine(line);
            if (_tail.Count == LinesKept)
                _tail.Dequeue();
            _tail.Enqueue(line.Length > LineLength ? line[..LineLength] : line);
        }
    }

    /// <summary>The line that says why it failed: a compiler's or linker's error rather than make's list of what fell with it.</summary>
    public string Failure
    {
        get
        {
            lock (_lock)
            {
                string[] lines = [.. _tail.Select(l => l.Trim()).Where(l => l.Length > 0)];
                string? line = Array.FindLast(lines, IsCause) ?? Array.FindLast(lines, l => !IsConsequence(l)) ?? lines.LastOrDefault();
                return line is null ? "it said nothing." : line.TrimEnd('.') + ".";
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
            _log?.Dispose();
    }

    private static bool IsCause(string line) =>
        !IsConsequence(line)
        && (line.Contains("error:", StringComparison.OrdinalIgnoreCase) || line.Contains("not found", StringComparison.Ordinal)
            || line.Contains("undefined reference", StringComparison.Ordinal) || line.Contains("No such file", StringComparison.Ordinal)
            || line.Contains("***", StringComparison.Ordinal));

    // "make[2]: *** [Makefile:7: a.o] Error 1", and what tar says when the program that unpacks fails.
    private static bool IsConsequence(string line) =>
        (line.StartsWith("make", StringComparison.Ordinal) && line.Contains("] Error ", StringComparison.Ordinal))
        || line.EndsWith("Waiting for unfinished jobs....", StringComparison.Ordinal)
        || line.EndsWith("Error is not recoverable: exiting now", StringComparison.Ordinal)
            || line.Contains("Child returned status", StringComparison.Ordinal);
}
