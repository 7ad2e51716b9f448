using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Settings;
using KexecSign.Formats.Errors;

namespace KexecSign.Configuration;

/// <summary>Where configurations are looked for, and what they say together.</summary>
public sealed record Configurations
{
    /// <summary>The name of the configuration beside the work.</summary>
    public const string FileName = "kexecsign.json";

    /// <summary>The variable that names the one configuration to read.</summary>
    public const string Variable = "KEXECSIGN_CONFIG";

    /// <summary>The file that the user named for this run; null for none.</summary>
    public string? Named { get; init; }

    /// <summary>Whether nothing is to be read.</summary>
    public bool None { get; init; }

    /// <summary>The working folder.</summary>
    public string Folder { get; init; } = ".";

    /// <summary>The system's configuration.</summary>
    public string OfSystem { get; init; } = "/etc/kexecsign/config.json";

    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>What they say; read when it is first asked for.</summary>
    /// <param name="log">Is told which file gave what.</param>
    public Lazy<KeySettings> Settings(IRunLog log) => new(() => Read(log));

    private KeySettings Read(IRunLog log)
    {
        if (None)
            return Named is null
                ? KeySettings.None
                : throw OperationErrors.OptionsConflict.With(new NamedOption("config"), new NamedOption("no-config"));
        if ((Named ?? NotEmpty(Environment(Variable))) is { } only)
            return Read(only, besideTheWork: false, log);
        KeySettings settings = KeySettings.None;
        foreach (string? kept in (string?[])[OfSystem, OfUser()])
        {
            if (kept is not null && File.Exists(kept))
                settings = settings.Under(Read(kept, besideTheWork: false, log));
        }
        string beside = Path.Combine(Folder, FileName);
        return File.Exists(beside) ? settings.Under(Read(beside, besideTheWork: true, log)) : settings;
    }

    // XDG base directories: a relative path is to be ignored.
    private string? OfUser()
    {
        string? folder = Environment("XDG_CONFIG_HOME") is ['/', ..] and { } given ? given
            : NotEmpty(Environment("HOME")) is { } home ? Path.Combine(home, ".config") : null;
        return folder is null ? null : Path.Combine(folder, "kexecsign", "config.json");
    }

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static KeySettings Read(string path, bool besideTheWork, IRunLog log)
    {
        KeySettings settings = ConfigurationFile.Read(path, besideTheWork);
        string keys = string.Join(", ", settings.Keys.Select(key => key.Name)),
            profiles = string.Join(", ", settings.Profiles.Select(profile => profile.Name));
        log.Detail($"configuration {settings.Files[0]}: keys {(keys.Length == 0 ? "none" : keys)}; profiles "
            + $"{(profiles.Length == 0 ? "none" : profiles)}; "
            + $"trusted certificates {settings.Trust.Length}");
        return settings;
    }
}
