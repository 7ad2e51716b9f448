using System.Collections.Concurrent;
using KexecSign.Core.Errors;
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

    private readonly string? _unable;
    private KeysElsewhere? _elsewhere;

    private RunScope(RunContext context, string? unable) => (Context, _unable) = (context, unable);

    /// <summary>Where the run reports, and how it is stopped; null outside a run.</summary>
    public static RunContext? Current => Running.Value?.Context;

    /// <summary>Whether the run meets something for the first time; outside a run everything is new.</summary>
    public static bool IsFirst(string what) => Running.Value?._met.TryAdd(what, true) ?? true;

    /// <summary>Whether what is written now is to be thrown away.</summary>
    public static bool Rehearses
    {
        get
        {
            for (RunScope? scope = Running.Value; scope is not null; scope = scope._outer)
            {
                if (scope._elsewhere is { Rehearses: true })
                    return true;
            }
            return false;
        }
    }

    /// <summary>The keys of the run that are elsewhere; null when it has opened none.</summary>
    public KeysElsewhere? Elsewhere => _elsewhere;

    private RunContext Context { get; }

    /// <summary>Begins a run.</summary>
    /// <param name="context">Its surroundings.</param>
    /// <param name="unable">Name of the operation when it cannot have its signatures made elsewhere; null when it can.</param>
    public static RunScope Begin(RunContext context, string? unable = null) => Running.Value = new(context, unable);

    /// <summary>The keys of this run that are elsewhere.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3720.</exception>
    public static KeysElsewhere TakeElsewhere(RunContext context)
    {
        if (Running.Value is not { _unable: null } run || context.Elsewhere is not { } make)
            throw OperationErrors.NotElsewhere.With(Running.Value?._unable ?? "this");
        return run._elsewhere ??= make();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (_elsewhere as IDisposable)?.Dispose();
        _read.Dispose();
        Running.Value = _outer;
    }
}
