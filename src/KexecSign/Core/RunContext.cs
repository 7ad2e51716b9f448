using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Settings;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;

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

    /// <summary>Makes, for a run, the keys that are elsewhere (<c>prepare:</c>, <c>attach:</c>); null where none are taken.</summary>
    public Func<KeysElsewhere>? Elsewhere { get; init; }

    /// <summary>How much of the answer somebody reads; what takes a hash over every byte and is read by nobody is left out.</summary>
    public AnswerUse Answer { get; init; } = AnswerUse.Whole;

    /// <summary>Print the plan and touch nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>The wish to stop: Ctrl-C, or a cancelled build. Operations leave no file behind when it comes.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Opens a private key: of the keyring, or one that is elsewhere.</summary>
    /// <param name="reference">As for <see cref="Keyring"/>; <c>prepare:</c> and <c>attach:</c> too.</param>
    /// <param name="pin">Where to take the PIN from when the URI does not say.</param>
    /// <param name="certificate">The certificate that the key is for; null for none.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3720, KS2xxx.</exception>
    internal ISigningKey OpenKey(string reference, PinOptions pin, X509Certificate2? certificate) => BundleReference.Is(reference)
        ? RunScope.TakeElsewhere(this).Open(BundleReference.Parse(reference), certificate, this)
        : Keyring.OpenKey(reference, pin, certificate, Cancellation);

    /// <inheritdoc/>
    public void Dispose() => Keyring.Dispose();
}
