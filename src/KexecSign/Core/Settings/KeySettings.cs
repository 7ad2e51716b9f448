using System.Collections.Immutable;
using KexecSign.Keys.Pins;

namespace KexecSign.Core.Settings;

/// <summary>A certificate that a configuration trusts.</summary>
/// <param name="Role">For whom.</param>
/// <param name="Certificate">Its reference.</param>
/// <param name="File">The configuration that says so.</param>
/// <param name="BesideTheWork">Whether that configuration was found in the working folder, and so may have come with what is
/// judged.</param>
public sealed record TrustedCertificate(TrustRole Role, string Certificate, string File, bool BesideTheWork);

/// <summary>Options of <c>build</c> under a name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Values">The options in order.</param>
/// <param name="File">The configuration that says so; paths are taken from its folder.</param>
public sealed record SettingsProfile(string Name, ImmutableArray<ProfileValue> Values, string File);

/// <summary>An option of a profile.</summary>
/// <param name="Option">Its name without dashes.</param>
/// <param name="Value">The value as one types it.</param>
/// <param name="Line">Where it stands.</param>
/// <param name="Column">Where in that line.</param>
public sealed record ProfileValue(string Option, string Value, int Line, int Column);

/// <summary>Named keys, trust and profiles, as all configurations together give them.</summary>
public sealed record KeySettings
{
    /// <summary>Nothing.</summary>
    public static KeySettings None { get; } = new();

    /// <summary>The keys.</summary>
    public ImmutableArray<NamedKey> Keys { get; init; } = [];

    /// <summary>Path or name of the PKCS#11 module of keys that name none.</summary>
    public string? Module { get; init; }

    /// <summary>Where the PIN of keys that do not say comes from.</summary>
    public PinOptions? Pin { get; init; }

    /// <summary>Timestamp servers of keys that name none.</summary>
    public ImmutableArray<string> Timestamps { get; init; } = [];

    /// <summary>The trusted certificates.</summary>
    public ImmutableArray<TrustedCertificate> Trust { get; init; } = [];

    /// <summary>The profiles.</summary>
    public ImmutableArray<SettingsProfile> Profiles { get; init; } = [];

    /// <summary>The files that were read, the nearest last.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>These settings with nearer ones laid over them: names that both have are the nearer's, trust of a role too.</summary>
    public KeySettings Under(KeySettings nearer) => new()
    {
        Keys = [.. Keys.Where(key => !nearer.Keys.Any(other => other.Name == key.Name)), .. nearer.Keys],
        Module = nearer.Module ?? Module,
        Pin = nearer.Pin ?? Pin,
        Timestamps = nearer.Timestamps.IsEmpty ? Timestamps : nearer.Timestamps,
        Trust = [.. Trust.Where(trusted => !nearer.Trust.Any(other => other.Role == trusted.Role)), .. nearer.Trust],
        Profiles = [.. Profiles.Where(profile => !nearer.Profiles.Any(other => other.Name == profile.Name)), .. nearer.Profiles],
        Files = [.. Files, .. nearer.Files],
    };
}
