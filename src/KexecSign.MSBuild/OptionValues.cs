using System.Collections.Immutable;
using KexecSign.Core.Operations;
using KexecSign.Keys.References;
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
    private readonly List<string> _inputs = [];
    private readonly List<string> _outputs = [];
    private bool _inPlace;

    public ImmutableArray<(string Name, string Value)> Options => [.. _options];

    public ImmutableArray<string> Arguments => [.. _arguments];

    /// <summary>What the operation is given to read: files, and folders that stand for files.</summary>
    public ImmutableArray<string> Inputs => [.. _inputs.Distinct(StringComparer.Ordinal)];

    /// <summary>What the operation is told to write; its arguments where it changes them.</summary>
    public ImmutableArray<string> Outputs => [.. (_inPlace ? _outputs.Concat(_arguments) : _outputs).Distinct(StringComparer.Ordinal)];

    public void Flag(string name, bool value)
    {
        if (!value)
            return;
        _options.Add((name, ""));
        _inPlace |= name == "in-place";
    }

    public void Option(string name, string? value, OptionKind kind)
    {
        if (string.IsNullOrEmpty(value))
            return;
        string rooted = Rooted(value, kind);
        _options.Add((name, rooted));
        // A folder is written where it is the output; what else is a folder holds what other options name.
        if (kind is OptionKind.PathOut || name == "o")
            _outputs.Add(rooted);
        else
            Reads(rooted, kind);
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
        if (value is null)
            return;
        string rooted = Rooted(value.ItemSpec, kind);
        _arguments.Add(rooted);
        Reads(rooted, kind);
    }

    public void EachArgument(ITaskItem[] values, OptionKind kind)
    {
        foreach (ITaskItem value in values)
            Argument(value, kind);
    }

    private void Reads(string rooted, OptionKind kind)
    {
        if (FileOf(rooted, kind) is { } file)
            _inputs.Add(file);
    }

    private static string? FileOf(string rooted, OptionKind kind) => kind switch
    {
        OptionKind.PathIn => rooted,
        OptionKind.KeyReference when rooted.StartsWith(FilePrefix, StringComparison.Ordinal) => rooted[FilePrefix.Length..],
        OptionKind.KeyReference => IsNoPath(rooted) || BundleReference.Is(rooted) ? null : rooted,
        OptionKind.TextOrFile => rooted is ['@', _, ..] ? rooted[1..] : null,
        OptionKind.NamedPath => rooted[(rooted.IndexOf(':') + 1)..],
        OptionKind.PathOut or OptionKind.Folder or OptionKind.Flag or OptionKind.Text or OptionKind.Number or OptionKind.Choice => null,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

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
        : BundleReference.Is(value) ? BundleReference.WithPlace(value, absolute)
        : IsNoPath(value) ? value
        : absolute(value);

    private static bool IsNoPath(string value) => Array.Exists(NoPaths, scheme => value.StartsWith(scheme, StringComparison.Ordinal));

    private string Named(string value)
    {
        int colon = value.IndexOf(':');
        return colon < 0 || colon + 1 == value.Length ? value : value[..(colon + 1)] + absolute(value[(colon + 1)..]);
    }
}
