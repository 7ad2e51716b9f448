using System.Collections.Frozen;
using KexecSign.Catalog;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace Cake.KexecSign;

/// <summary>
/// Options as scripts write them in an operation's options record: <c>Existing = ExistingSignatures.Replace</c>, <c>InPlace = true</c>.
/// </summary>
internal sealed class ScriptWords : FaceWords
{
    private static readonly FrozenDictionary<string, string> Named = new Dictionary<string, string>
    {
        ["o"] = "Output",
        ["cert"] = "Certificate",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Existing = new Dictionary<string, string>
    {
        ["replace"] = "Existing = ExistingSignatures.Replace",
        ["append"] = "Existing = ExistingSignatures.Append",
        ["prepend"] = "Existing = ExistingSignatures.Prepend",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly bool _choosesExisting;

    private static readonly Lazy<FrozenSet<string>> Flags = new(() =>
        OperationCatalog.All.SelectMany(operation => operation.Options).Where(option => option.Kind == OptionKind.Flag)
            .Select(option => option.Name).ToFrozenSet(StringComparer.Ordinal));

    /// <summary>The words for an operation; null where none runs.</summary>
    public ScriptWords(Operation? operation) => _choosesExisting = operation?.Options.Any(option => option.Name == "prepend") ?? false;

    /// <inheritdoc/>
    public override string Option(string name, string? value)
    {
        // The name stands among the error's values and is not known here.
        if (name.StartsWith('{'))
            return $"option '{name}'";
        string? known = Named.GetValueOrDefault(name) ?? (_choosesExisting ? Existing.GetValueOrDefault(name) : null);
        string property = known ?? string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        return value is not null ? $"{property} = \"{value}\""
            : known is null && Flags.Value.Contains(name) ? property + " = true"
            : property;
    }
}
