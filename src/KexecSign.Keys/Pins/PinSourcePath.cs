using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Pins;

/// <summary>
/// The file that a URI's <c>pin-source</c> names: a path, or a <c>file:</c> URI (RFC 7512 section 2.4 leaves the form open).
/// </summary>
internal static class PinSourcePath
{
    /// <summary>Begins the name of an environment variable, which RFC 7512 leaves to whoever reads the URI.</summary>
    public const string EnvironmentScheme = "env:";

    /// <summary>The variable that is named instead of a file; null for none.</summary>
    public static string? VariableOf(string source) =>
        source.StartsWith(EnvironmentScheme, StringComparison.Ordinal) ? source[EnvironmentScheme.Length..] : null;

    public static string Of(string source)
    {
        if (source.StartsWith('|'))
            throw KeyErrors.PinProgramRefused.With("program");
        if (source.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            string path = source[5..];
            if (!path.StartsWith("//", StringComparison.Ordinal))
                return path;
            int root = path.IndexOf('/', 2);
            string host = root < 0 ? path[2..] : path[2..root];
            if (root >= 0 && (host.Length == 0 || host == "localhost"))
                return path[root..];
            throw KeyErrors.PinProgramRefused.With("file on another host");
        }
        int colon = source.IndexOf(':', StringComparison.Ordinal);
        if (colon > 1 && !source.AsSpan(0, colon).Contains('/'))
            throw KeyErrors.PinProgramRefused.With("scheme other than file:");
        return source;
    }
}
