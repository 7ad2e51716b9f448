using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Settings;
using KexecSign.Documents;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;

namespace KexecSign.Configuration;

/// <summary>
/// Reads one configuration. One that was found in the working folder may have come with a foreign checkout: it names labels,
/// certificates, digests and roles, and nothing that runs code or gives a PIN away.
/// </summary>
internal sealed class ConfigurationFile
{
    private readonly string _path;
    private readonly string _folder;
    private readonly bool _besideTheWork;

    private ConfigurationFile(string path, bool besideTheWork)
    {
        _path = path;
        _folder = Path.GetDirectoryName(path)!;
        _besideTheWork = besideTheWork;
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="besideTheWork">Whether it was found in the working folder, and not named or kept by the user or the system.</param>
    /// <exception cref="KexecSignException">KS3001, KS3002, KS3082, KS3083, KS330x.</exception>
    public static KeySettings Read(string path, bool besideTheWork)
    {
        string full = Path.GetFullPath(path);
        RequireOwn(full);
        PlacedDocument document = PlacedDocument.Read(full, "a configuration");
        try
        {
            return new ConfigurationFile(full, besideTheWork).Settings(new ObjectReader(document.Root, "the configuration"));
        }
        catch (KexecSignException refused)
        {
            throw refused.In(full);
        }
    }

    // Who can write it decides which key signs.
    private static void RequireOwn(string path)
    {
        FileFacts facts = FileFacts.Of(path) ?? throw OperationErrors.InputMissing.With().In(path);
        if (facts.OthersWrite || facts.IsForeign)
            throw OperationErrors.ConfigurationWritable.With(Convert.ToString((int)facts.Mode, 8), facts.Owner, Libc.EffectiveUser())
                .In(path);
    }

    private KeySettings Settings(ObjectReader root)
    {
        var settings = new KeySettings
        {
            Keys = [.. Named(root, "keys").Select(Key)],
            Module = Module(root),
            Pin = Pin(root),
            Timestamps = root.Texts("timestamp"),
            Trust = [.. Trust(root.Object("trust"))],
            Profiles = [.. Named(root, "profiles").Select(Profile)],
            Files = [_path],
        };
        root.End();
        return settings;
    }

    private static ImmutableArray<PlacedProperty> Named(ObjectReader root, string name) =>
        root.Get(name, JsonValueKind.Object)?.Properties ?? [];

    private NamedKey Key(PlacedProperty property)
    {
        var reader = new ObjectReader(property.Value, $"the key '{property.Name}'");
        string key = Reference(reader, "key") ?? throw reader.Missing("key");
        string certificate = Reference(reader, "cert") ?? (NamedKey.IsToken(key) ? key : throw reader.Missing("cert"));
        var named = new NamedKey(property.Name, key, certificate, _path)
        {
            // Any command may take the key.
            Digest = reader.Choice("digest", HashKind.Words(HashUses.General).AsSpan()),
            Module = Module(reader),
            Pin = Pin(reader),
            Timestamps = reader.Get("timestamp") is null ? null : reader.Texts("timestamp"),
        };
        reader.End();
        return named;
    }

    private string? Reference(ObjectReader reader, string name) =>
        reader.Text(name) is { } value ? Allowed(reader.Get(name)!, value) : null;

    private string Allowed(PlacedValue place, string value)
    {
        if (_besideTheWork && ProgramReference.Is(value))
            throw Forbidden(place, "a program that signs (exec:)");
        if (_besideTheWork && BundleReference.Is(value))
            throw Forbidden(place, "a bundle that is written or believed (prepare:, attach:)");
        // Everything behind the question mark is about modules and PINs.
        if (_besideTheWork && NamedKey.IsToken(value) && value.Contains('?', StringComparison.Ordinal))
            throw Forbidden(place, "a module or a PIN's source, behind the '?' of a PKCS#11 URI");
        return DocumentPaths.Reference(_folder, value);
    }

    private string? Module(ObjectReader reader)
    {
        if (reader.Text("module") is not { } module)
            return null;
        if (_besideTheWork)
            throw Forbidden(reader.Get("module")!, "a module");
        return module.Contains('/', StringComparison.Ordinal) ? DocumentPaths.From(_folder, module) : module;
    }

    private PinOptions? Pin(ObjectReader reader)
    {
        if (reader.Object("pin") is not { } pin)
            return null;
        if (_besideTheWork)
            throw Forbidden(reader.Get("pin")!, "a PIN's source");
        var source = new PinOptions { EnvironmentVariable = pin.Text("env"), File = DocumentPaths.From(_folder, pin.Text("file")) };
        pin.End();
        return source.EnvironmentVariable is null == source.File is null
            ? throw ObjectReader.Wrong(reader.Get("pin")!, "'pin' has one of 'env' and 'file'")
            : source;
    }

    private IEnumerable<TrustedCertificate> Trust(ObjectReader? trust)
    {
        if (trust is null)
            yield break;
        foreach (string role in TrustRoles.Names)
        {
            foreach (PlacedValue certificate in trust.List(role))
            {
                string reference = Allowed(certificate, ObjectReader.TextOf(certificate, $"an item of '{role}'"));
                yield return new(TrustRoles.Named(role), reference, _path, _besideTheWork);
            }
        }
        trust.End();
    }

    private SettingsProfile Profile(PlacedProperty property) => property.Value.Kind == JsonValueKind.Object
        ? new(property.Name, [.. property.Value.Properties.Select(Value)], _path)
        : throw ObjectReader.Wrong(property.Value, $"the profile '{property.Name}' holds {property.Value.KindName}, not an object");

    private ProfileValue Value(PlacedProperty option)
    {
        PlacedValue value = option.Value;
        if (value.Kind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True) || value.Text.Length == 0)
            throw ObjectReader.Wrong(value,
                $"'{option.Name}' holds {(value.Kind == JsonValueKind.String ? "an empty text" : value.KindName)}, not text, a number or "
                + $"true");
        if (_besideTheWork && option.Name.StartsWith("pin-", StringComparison.Ordinal))
            throw Forbidden(value, "a PIN's source");
        // Paths stay as they are until it is known which options are paths.
        if (NamedKey.IsToken(value.Text) || ProgramReference.Is(value.Text) || BundleReference.Is(value.Text))
            _ = Allowed(value, value.Text);
        return new(option.Name, value.Text, option.Line, option.Column);
    }

    private static KexecSignException Forbidden(PlacedValue place, string what) =>
        OperationErrors.ConfigurationForbids.With(what).At(place.Line, place.Column);
}
