using System.Collections.Concurrent;
using KexecSign.Keys.Files;

namespace KexecSign.Core;

/// <summary>
/// The run that a thread works for, and those it starts. The layer that touches the disk asks it, so that no file can be opened past
/// the wish to stop, and nothing be put right on the disk without a word.
/// </summary>
internal sealed class RunScope : IDisposable
{
    private static readonly AsyncLocal<RunScope?> Running = new();

    private readonly RunScope? _outer = Running.Value;
    private readonly ReadFiles _read = ReadFiles.Begin();
    private readonly ConcurrentDictionary<string, bool> _met = new(StringComparer.Ordinal);

    private RunScope(RunContext context) => Context = context;

    /// <summary>Where the run reports, and how it is stopped; null outside a run.</summary>
    public static RunContext? Current => Running.Value?.Context;

    /// <summary>Whether the run meets something for the first time; outside a run everything is new.</summary>
    public static bool IsFirst(string what) => Running.Value?._met.TryAdd(what, true) ?? true;

    private RunContext Context { get; }

    /// <summary>Begins a run.</summary>
    public static RunScope Begin(RunContext context) => Running.Value = new(context);

    /// <inheritdoc/>
    public void Dispose()
    {
        _read.Dispose();
        Running.Value = _outer;
    }
}
