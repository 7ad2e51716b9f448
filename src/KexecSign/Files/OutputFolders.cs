using System.Collections.Concurrent;
using KexecSign.Core;

namespace KexecSign.Files;

/// <summary>
/// The folders that a batch writes to, each made and resolved once: thousands of files share a few hundred of them. Safe to use from
/// several threads at a time.
/// </summary>
internal sealed class OutputFolders
{
    private readonly ConcurrentDictionary<string, string> _resolved = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _made = new(StringComparer.Ordinal);

    /// <summary>The folder without symbolic links; as it was given when it does not exist.</summary>
    /// <param name="folder">Full path.</param>
    public string Resolve(string folder) =>
        _resolved.TryGetValue(folder, out string? known) ? known : _resolved.GetOrAdd(folder, OutputTarget.ResolveFolder(folder));

    /// <summary>Makes a folder and those above it.</summary>
    /// <param name="folder">Full path.</param>
    public void Make(string folder)
    {
        if (_made.ContainsKey(folder) || RunScope.Rehearses)
            return;
        Directory.CreateDirectory(folder);
        _made[folder] = true;
    }
}
