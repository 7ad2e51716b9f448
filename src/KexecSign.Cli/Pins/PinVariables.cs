using KexecSign.Keys.Pins;

namespace KexecSign.Cli.Pins;

/// <summary>
/// The environment without the PINs that the command line names: they are read at once and are gone from then on, for children and for
/// whoever looks into /proc.
/// </summary>
internal static class PinVariables
{
    private static readonly string[] Options = ["--pin-env", "--so-pin-env"];

    /// <summary>Takes them out of this process's environment.</summary>
    public static Func<string, string?> Take(IReadOnlyList<string> arguments)
    {
        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in Named(arguments))
        {
            if (name.Length > 0 && !name.Contains('=', StringComparison.Ordinal) && !taken.ContainsKey(name)
                && ProcessSecrecy.TakeVariable(name) is { } value)
                taken.Add(name, value);
        }
        return name => taken.TryGetValue(name, out string? value) ? value : Environment.GetEnvironmentVariable(name);
    }

    private static IEnumerable<string> Named(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string[] parts = arguments[i].Split('=', 2);
            if (!Options.Contains(parts[0]))
                continue;
            if (parts.Length == 2)
                yield return parts[1];
            else if (i + 1 < arguments.Count)
                yield return arguments[i + 1];
        }
    }
}
