using System.Collections.Immutable;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild;

/// <summary>
/// What a task's properties say, under the names of the operation's options. Paths become absolute here, because a task
/// must not rely on the current folder of a process that builds several projects at a time.
/// </summary>
internal sealed class OptionValues(Func<string, string> absolute)
{
    private const string FilePrefix = "file:";

    private static readonly string[] NoPaths = ["pkcs11:", "exec:", "@"];

    private readonly List<(string Name, string Value)> _options = [];
    private readonly List<string> _arguments = [];

    public ImmutableArray<(string Name, string Value)> Options => [.. _options];

    public ImmutableArray<string> Arguments => [.. _arguments];

    public void Flag(string name, bool value)
    {
        if (value)
            _options.Add((name, ""));
    }

    public void Option(string name, string? value, OptionKind kind)
    {
        if (!string.IsNullOrEmpty(value))
            _options.Add((name, Rooted(value, kind)));
    }

    public void Option(string name, string[] values, OptionKind kind)
    {
        foreach (string value in values)
            Option(name, value, kind);
    }

    public void Option(string name, ITaskItem[] values, OptionKind kind)
    {
        foreach (ITaskItem value in values)
            Option(name, value.ItemSpec, kind);
    }

    public void Argument(ITaskItem? value, OptionKind kind)
    {
        if (value is not null)
            _arguments.Add(Rooted(value.ItemSpec, kind));
    }

    public void EachArgument(ITaskItem[] values, OptionKind kind)
    {
        foreach (ITaskItem value in values)
            Argument(value, kind);
    }

    private string Rooted(string value, OptionKind kind) => kind switch
    {
        OptionKind.PathIn or OptionKind.PathOut or OptionKind.Folder => absolute(value),
        OptionKind.KeyReference => Reference(value),
        OptionKind.TextOrFile => value is ['@', _, ..] ? "@" + absolute(value[1..]) : value,
        OptionKind.NamedPath => Named(value),
        OptionKind.Flag or OptionKind.Text or OptionKind.Number or OptionKind.Choice => value,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    // What is no path stays as it is: a token's object, a program that signs, a key of the configuration.
    private string Reference(string value) =>
        value.StartsWith(FilePrefix, StringComparison.Ordinal) ? FilePrefix + absolute(value[FilePrefix.Length..])
        : Array.Exists(NoPaths, scheme => value.StartsWith(scheme, StringComparison.Ordinal)) ? value
        : absolute(value);

    private string Named(string value)
    {
        int colon = value.IndexOf(':');
        return colon < 0 || colon + 1 == value.Length ? value : value[..(colon + 1)] + absolute(value[(colon + 1)..]);
    }
}
