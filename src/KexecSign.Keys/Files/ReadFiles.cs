namespace KexecSign.Keys.Files;

/// <summary>
/// The files that a run reads and that none of its outputs may replace: keys, certificates, PINs, policies, kits and lists. Whoever
/// reads one notes it; whoever writes asks. Noted by path and not by what lies there, because a keyring reads a key once for many runs.
/// </summary>
public sealed class ReadFiles : IDisposable
{
    private static readonly AsyncLocal<ReadFiles?> Run = new();

    private readonly ReadFiles? _outer = Run.Value;
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);

    private ReadFiles()
    {
    }

    /// <summary>Begins a run; what is noted from here on, on this thread and those it starts, counts until it is disposed of.</summary>
    public static ReadFiles Begin() => Run.Value = new();

    /// <summary>Notes a file of the run; without a run nothing is kept.</summary>
    /// <param name="path">The file as it was named.</param>
    public static void Note(string path)
    {
        if (Run.Value is not { } run || path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            return;
        lock (run._paths)
            run._paths.Add(Path.GetFullPath(path));
    }

    /// <summary>Full paths of what the run has read so far.</summary>
    public static IReadOnlyList<string> Noted
    {
        get
        {
            if (Run.Value is not { } run)
                return [];
            lock (run._paths)
                return [.. run._paths];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Run.Value = _outer;
}
