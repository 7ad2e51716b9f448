using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Keys;

/// <summary>Options of <c>keys init</c>.</summary>
public sealed record KeysInitOptions
{
    /// <summary>The profile.</summary>
    public string? Profile { get; init; }

    /// <summary>Whether the demonstration's profile is taken, which the program has in it.</summary>
    public bool Demo { get; init; }

    /// <summary>
    /// Where the configuration goes that names the keys; null for the folder of a SoftHSM token, and for nowhere with another token.
    /// </summary>
    public string? Configuration { get; init; }

    /// <summary>Folder of a SoftHSM token: configuration, token files, PINs.</summary>
    public string Directory { get; init; } = KeysInitOperation.DefaultDirectory;

    /// <summary>Folder for the certificates; null for <see cref="Directory"/>.</summary>
    public string? Certificates { get; init; }

    /// <summary>Where a file of the keys for plans (<c>build --keys</c>) goes; null for nowhere.</summary>
    public string? PlanKeys { get; init; }

    /// <summary>Where the user's PIN comes from; with none, a random one is made for a SoftHSM token.</summary>
    public PinOptions Pin { get; init; } = new();

    /// <summary>Where the security officer's PIN comes from; with none, a random one is made for a SoftHSM token.</summary>
    public PinOptions SecurityOfficerPin { get; init; } = new();
}

/// <summary><c>keys init</c>: token, key pairs and certificates from a profile.</summary>
internal static class KeysInitOperation
{
    public const string DefaultDirectory = "keys/token";

    private const string ConfigurationName = "kexecsign.json";

    public static Operation<KeysInitOptions, KeysInitResult> Definition { get; } = new()
    {
        Name = "keys init",
        Summary = "Make a token with keys and certificates from a profile.",
        Details = "Private keys are made inside the token and cannot be taken out. What is there already is kept, so it is safe to run "
            + "twice. For SoftHSM the folder gets softhsm2.conf, the token and, unless PINs are given, random PINs in files only their "
            + "owner can read.",
        Body = Run,
        TypedResult = () => KeysJson.Default.KeysInitResult,
        MakeOptions = () =>
        [
            new("profile", "FILE", "The profile (JSON, comments allowed; keys/README.md describes it).", (o, v) => o with { Profile = v }),
            new("demo", null, "Make the demonstration's token, with keys for db, kexec and IMA; needs no profile.",
                (o, _) => o with { Demo = true }),
            new("directory", "DIR", "Folder of the SoftHSM token.", (o, v) => o with { Directory = v }, DefaultDirectory),
            new("certificates", "DIR", "Folder for the certificates; without it the token's.", (o, v) => o with { Certificates = v }),
            new("write-config", "FILE", "Write the configuration with the keys by their labels, ready for --config FILE and '-k LABEL'; "
                + "without it kexecsign.json in the SoftHSM token's folder. It holds no PIN.",
                (o, v) => o with { Configuration = v }, kind: OptionKind.PathOut),
            new("plan-keys", "FILE", "Write the keys by their labels, ready for 'build PLAN --keys FILE'; it holds no PIN.",
                (o, v) => o with { PlanKeys = v }, kind: OptionKind.PathOut),
            .. SigningOptionSpecs.Pins<KeysInitOptions>(o => o.Pin, (o, pin) => o with { Pin = pin }),
            new("so-pin-env", "NAME", "Name of an environment variable that holds the security officer's PIN.",
                (o, v) => o with { SecurityOfficerPin = o.SecurityOfficerPin with { EnvironmentVariable = v } }),
            new("so-pin-file", "FILE", "File whose first line is the security officer's PIN.",
                (o, v) => o with { SecurityOfficerPin = o.SecurityOfficerPin with { File = v } }),
            new("so-pin-fd", "N", "Number of an open file descriptor to read the security officer's PIN from.",
                (o, v) => o with
                {
                    SecurityOfficerPin = o.SecurityOfficerPin with { FileDescriptor = OptionValues.Number("so-pin-fd", v) },
                }),
        ],
        Examples =
        [
            new("kexecsign keys init --demo",
                "Make the demonstration's token in keys/token; 'kexecsign sign FILE -k db --config keys/token/kexecsign.json' signs with "
                + "it."),
            new("kexecsign keys init --profile keys/demo.profile.json --directory token --plan-keys throwaway.keys.json",
                "Keys that a pull request may sign a plan with."),
            new("kexecsign keys init --profile release.json --certificates certs --pin-env HSM_PIN",
                "Make missing keys in the token that the profile names."),
        ],
    };

    private static KeysInitResult Run(KeysInitOptions options, RunContext context)
    {
        KeyProfile profile = Profile(options);
        if (context.DryRun)
            return Plan(profile, options);
        KeysInitResult result = new KeyCeremony(profile, options, context).Run();
        if (options.PlanKeys is not null)
            KeysDocument.Write(options.PlanKeys, result, options.Pin, trust: false, context);
        return result with { Configuration = WriteConfiguration(options, result, context) };
    }

    private static KeyProfile Profile(KeysInitOptions options) => (options.Profile, options.Demo) switch
    {
        ({ } path, false) => KeyProfile.Read(path),
        (null, true) => KeyProfile.OfDemonstration(),
        (null, false) => throw OperationErrors.OptionMissing.With(
            "keys init", $"{new NamedOption("profile", "FILE")} or {new NamedOption("demo")}"),
        _ => throw OperationErrors.OptionsConflict.With(new NamedOption("profile"), new NamedOption("demo")),
    };

    // One that is there may have been added to: only a name given for this run is written over.
    private static string? WriteConfiguration(KeysInitOptions options, KeysInitResult result, RunContext context)
    {
        string? path = options.Configuration ?? (result.SoftHsmConfiguration is null
            ? null
            : Path.Combine(options.Directory, ConfigurationName));
        if (path is not null && (options.Configuration is not null || !File.Exists(path)))
            KeysDocument.Write(path, result, options.Pin, trust: true, context);
        return path is null ? null : Path.GetFullPath(path);
    }

    private static KeysInitResult Plan(KeyProfile profile, KeysInitOptions options)
    {
        string folder = options.Certificates ?? options.Directory;
        ImmutableArray<InitialisedKey> keys =
        [
            .. profile.Keys.Select(key => new InitialisedKey(
                key.Label, key.Role, key.Algorithm, Making.Planned, Making.Planned, null, Path.Combine(folder, key.CertificateFile), null,
                null, null)),
        ];
        return new(profile.Token, Making.Planned, null, null, keys);
    }
}
