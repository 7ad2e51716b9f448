using KexecSign.Formats.Vocabulary;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Documents;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>Keys by the names that a plan's steps use, and where their PIN comes from; never a PIN.</summary>
internal sealed record PlanKeys(FrozenDictionary<string, SigningOptions> ByName, PinOptions Pin)
{
    /// <summary>What the configuration says of names that the plan does not have; null where only a plan is shown.</summary>
    public Func<string, SigningOptions?>? Configured { get; init; }

    /// <summary>Reads <c>keys</c> and <c>pin</c> of a plan.</summary>
    public static PlanKeys Read(ObjectReader document, string folder, DocumentTrust trust)
    {
        var keys = new Dictionary<string, SigningOptions>(StringComparer.Ordinal);
        foreach (PlacedProperty property in document.Get("keys", JsonValueKind.Object)?.Properties ?? [])
        {
            var key = new ObjectReader(property.Value, $"the key '{property.Name}'");
            keys.Add(property.Name, new()
            {
                Key = trust.Reference(folder, key.Required("key")),
                Certificate = trust.Reference(folder, key.Required("cert")),
                Digest = key.Choice("digest", [.. HashKind.Words(HashUses.Image)]),
            });
            key.End();
        }
        return new(keys.ToFrozenDictionary(StringComparer.Ordinal), ReadPin(document.Object("pin"), folder, trust));
    }

    /// <summary>Reads a file that holds nothing but these two: one plan, other keys.</summary>
    public static PlanKeys ReadFile(string path, ImmutableArray<string> allowedModules)
    {
        PlacedDocument document = PlacedDocument.Read(path, "a file of keys");
        try
        {
            var root = new ObjectReader(document.Root, "the file of keys");
            PlanKeys keys = Read(root, Path.GetDirectoryName(Path.GetFullPath(path))!, DocumentTrust.OfKeysFile(path, allowedModules));
            root.End();
            return keys;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>The key that a step names.</summary>
    /// <exception cref="KexecSignException">KS3305.</exception>
    public SigningOptions Named(PlacedValue name) => ByName.GetValueOrDefault(name.Text)
        ?? (Configured is null ? new SigningOptions { Key = "@" + name.Text, Certificate = "@" + name.Text } : Configured(name.Text))
        ?? throw OperationErrors.PlanKeyUnknown.With(name.Text, ByName.Count == 0
            ? "none"
            : string.Join(", ", ByName.Keys.Order(StringComparer.Ordinal))).At(name.Line, name.Column);

    private static PinOptions ReadPin(ObjectReader? pin, string folder, DocumentTrust trust)
    {
        if (pin is null)
            return new();
        var options = new PinOptions { EnvironmentVariable = pin.Text("env"), File = DocumentPaths.From(folder, pin.Text("file")) };
        pin.End();
        if (options != new PinOptions())
            trust.RequirePin("'pin'");
        return options;
    }
}
