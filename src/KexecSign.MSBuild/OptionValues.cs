using System.Collections.Immutable;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild;

/// <summary>
/// What a task's properties say, under the names of the operation's options. Paths become absolute here, because a task
/// must not rely on the current folder of a process that builds several projects at a time.
/// </summary>
internal sealed class OptionValues(Func<string, string> absolute)
{
    private readonly List<(string Name, string Value)> _options = [];
    private readonly List<string> _arguments = [];

    public ImmutableArray<(string Name, string Value)> Options => [.. _options];

    public ImmutableArray<string> Arguments => [.. _arguments];

    public void Flag(string name, bool value)
    {
        if (value)
            _options.Add((name, ""));
    }

    public void Text(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            _options.Add((name, value));
    }

    public void Texts(string name, string[] values)
    {
        foreach (string value in values)
            Text(name, value);
    }

    public void Path(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            _options.Add((name, absolute(value)));
    }

    /// <summary>A text, or a file after an @, whose path becomes absolute.</summary>
    public void Content(string name, string? value) =>
        Text(name, value is ['@', .. var path] && path.Length > 0 ? "@" + absolute(path) : value);

    /// <summary>A name, a colon and a file, whose path becomes absolute.</summary>
    public void Named(string name, string value)
    {
        int colon = value.IndexOf(':');
        Text(name, colon < 0 || colon + 1 == value.Length ? value : value[..(colon + 1)] + absolute(value[(colon + 1)..]));
    }

    /// <summary>A key or certificate: a URI and the name of a configured key (@NAME) stay as they are, a path becomes absolute.</summary>
    public void Reference(string name, string? value)
    {
        const string File = "file:";
        if (string.IsNullOrEmpty(value))
            return;
        if (value.StartsWith(File, StringComparison.Ordinal))
            _options.Add((name, File + absolute(value[File.Length..])));
        else
            _options.Add((name, value.StartsWith("pkcs11:", StringComparison.Ordinal) || value.StartsWith("exec:", StringComparison.Ordinal) || value[0] == '@' ? value : absolute(value)));
    }

    public void References(string name, ITaskItem[] values)
    {
        foreach (ITaskItem value in values)
            Reference(name, value.ItemSpec);
    }

    /// <summary>Positional arguments.</summary>
    public void Files(params ITaskItem[] files)
    {
        foreach (ITaskItem file in files)
            _arguments.Add(absolute(file.ItemSpec));
    }
}
