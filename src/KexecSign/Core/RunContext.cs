using KexecSign.Core.Settings;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Core;

/// <summary>
/// All that an operation takes from its surroundings: keys, clock, environment, somewhere to report progress, and the
/// wish to stop. One context serves a whole run of several operations, so that tokens are logged in to only once.
/// </summary>
public sealed class RunContext : IDisposable
{
    /// <summary>Opened tokens and keys; closed with this context.</summary>
    public required Keyring Keyring { get; init; }

    /// <summary>Where progress, warnings and details go.</summary>
    public IRunLog Log { get; init; } = SilentLog.Instance;

    /// <summary>Reads an environment variable; null when it is not set.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The clock, asked only where a time is wanted in the output.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Named keys, trust and profiles; read when they are first asked for.</summary>
    public Lazy<KeySettings> Settings { get; init; } = new(KeySettings.None);

    /// <summary>Print the plan and touch nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>The wish to stop: Ctrl-C, or a cancelled build. Operations leave no file behind when it comes.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <inheritdoc/>
    public void Dispose() => Keyring.Dispose();
}
