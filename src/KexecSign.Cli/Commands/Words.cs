namespace KexecSign.Cli.Commands;

/// <summary>What people type instead of flags: <c>help sign</c>, <c>version</c>, or no command at all.</summary>
internal static class Words
{
    /// <summary>The command line with flags for such words.</summary>
    public static IReadOnlyList<string> AsFlags(IReadOnlyList<string> arguments) => arguments.Count == 0 ? ["--help"] : arguments[0] switch
    {
        "help" => [.. arguments.Skip(1), "--help"],
        "version" => ["--version", .. arguments.Skip(1)],
        _ when arguments.All(argument => GlobalFlags.IsListed(argument) && argument != "--version") => [.. arguments, "--help"],
        _ => arguments,
    };
}
