using System.Collections.Frozen;
using KexecSign.Catalog;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.MSBuild;

/// <summary>Options as projects write them: <c>Replace="true"</c>, <c>Digest="sha256"</c>.</summary>
internal sealed class ProjectWords : FaceWords
{
    private static readonly Lazy<FrozenSet<string>> Flags = new(() =>
        OperationCatalog.All.SelectMany(operation => operation.Options).Where(option => option.Kind == OptionKind.Flag)
            .Select(option => option.Name).ToFrozenSet(StringComparer.Ordinal));

    /// <summary>The words.</summary>
    public static ProjectWords Instance { get; } = new();

    /// <inheritdoc/>
    public override string Option(string name, string? value)
    {
        // The name stands among the error's values and is not known here.
        if (name.StartsWith('{'))
            return $"option '{name}'";
        string property = name == "o"
            ? "Output"
            : string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        return value is not null ? $"{property}=\"{value}\"" : Flags.Value.Contains(name) ? $"{property}=\"true\"" : property;
    }
}
