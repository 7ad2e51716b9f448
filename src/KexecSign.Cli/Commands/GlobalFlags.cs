using System.CommandLine;

namespace KexecSign.Cli.Commands;

/// <summary>What the flags that every command takes were set to.</summary>
internal sealed record Flags(bool Json, bool Quiet, bool Verbose, bool DryRun);

/// <summary>A flag as help shows it.</summary>
internal sealed record FlagSpec(string Name, string? Short, string Description);

/// <summary>The flags that every command takes.</summary>
internal sealed class GlobalFlags
{
    /// <summary>In the order in which help shows them.</summary>
    public static readonly FlagSpec[] Listed =
    [
        new("--json", null, "Write one JSON document to standard output; text for people always goes to standard error."),
        new("--quiet", "-q", "Say nothing but errors."),
        new("--verbose", "-v", "Say more: details of the work, and the cause of errors."),
        new("--dry-run", null, "Print the plan and touch nothing."),
        new("--help", "-h", "Show what the command is for and what it takes."),
        new("--version", null, "Show the version."),
    ];

    private readonly Option<bool>[] _options = Array.ConvertAll(Listed, OptionFor);

    public void AddTo(Command root)
    {
        foreach (Option<bool> option in _options)
            root.Add(option);
    }

    public bool IsHelp(ParseResult parsed) => Given(parsed, 4);

    public bool IsVersion(ParseResult parsed) => Given(parsed, 5);

    public Flags Read(ParseResult parsed) => new(
        Given(parsed, 0),
        Given(parsed, 1),
        Given(parsed, 2),
        Given(parsed, 3));

    private static Option<bool> OptionFor(FlagSpec flag) => new(flag.Name, flag.Short is null ? [] : [flag.Short])
    {
        Description = flag.Description,
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };

    // The parser also reports flags that are absent, as an implicit false.
    private bool Given(ParseResult parsed, int index) => parsed.GetResult(_options[index]) is { Implicit: false };
}
