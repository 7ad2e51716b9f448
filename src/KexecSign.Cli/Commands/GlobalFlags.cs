using System.CommandLine;
using KexecSign.Core.Errors;

namespace KexecSign.Cli.Commands;

/// <summary>What the flags that every command takes were set to.</summary>
internal sealed record Flags(bool Json, bool Quiet, bool Verbose, bool DryRun, string? Configuration, bool NoConfiguration);

/// <summary>A flag as help shows it.</summary>
internal sealed record FlagSpec(string Name, string? Short, string Description)
{
    /// <summary>What stands for the value; null for a flag that takes none.</summary>
    public string? Value { get; init; }

    /// <summary>As one types it, both forms.</summary>
    public string Label => $"{(Short is null ? "" : Short + ", ")}{Name}{(Value is null ? "" : " " + Value)}";
}

/// <summary>The flags that every command takes.</summary>
internal sealed class GlobalFlags
{
    /// <summary>The one that takes a value.</summary>
    public const string Configuration = "--config";

    /// <summary>In the order in which help shows them.</summary>
    public static readonly FlagSpec[] Listed =
    [
        new("--json", null, "Write one JSON document to standard output; the table goes to standard error."),
        new("--quiet", "-q", "Say nothing but errors."),
        new("--verbose", "-v", "Say more: details of the work, and the cause of errors."),
        new("--dry-run", null, "Print the plan and touch nothing."),
        new("--help", "-h", "Show what the command is for and what it takes."),
        new("--version", null, "Show the version."),
        new(Configuration, null, "Take named keys, trust and profiles from this file alone.") { Value = "FILE" },
        new("--no-config", null, "Read no configuration."),
    ];

    private readonly Option[] _options = Array.ConvertAll(Listed, OptionFor);

    /// <summary>Whether an argument is one of them, and takes no value.</summary>
    public static bool IsListed(string argument) =>
        Array.Exists(Listed, flag => flag.Value is null && (argument == flag.Name || argument == flag.Short));

    public void AddTo(Command root)
    {
        foreach (Option option in _options)
            root.Add(option);
    }

    public bool IsHelp(ParseResult parsed) => Given(parsed, 4);

    public bool IsVersion(ParseResult parsed) => Given(parsed, 5);

    public Flags Read(ParseResult parsed) => new(
        Given(parsed, 0),
        Given(parsed, 1),
        Given(parsed, 2),
        Given(parsed, 3),
        ConfigurationOf(parsed),
        Given(parsed, 7));

    private static Option OptionFor(FlagSpec flag)
    {
        if (flag.Value is not null)
            return new Option<string[]>(flag.Name)
            {
                Description = flag.Description,
                HelpName = flag.Value,
                Arity = ArgumentArity.OneOrMore,
                AllowMultipleArgumentsPerToken = false,
                Recursive = true,
            };
        return new Option<bool>(flag.Name, flag.Short is null ? [] : [flag.Short])
        {
            Description = flag.Description,
            Arity = ArgumentArity.Zero,
            Recursive = true,
        };
    }

    private string? ConfigurationOf(ParseResult parsed) =>
        parsed.GetResult(_options[6]) is not { Implicit: false } given ? null : given.Tokens switch
        {
            [{ Value.Length: > 0 } file] => file.Value,
            [_] => throw OperationErrors.ValueEmpty.With("kexecsign", Configuration),
            _ => throw OperationErrors.OptionRepeated.With("kexecsign", Configuration),
        };

    // The parser also reports flags that are absent, as an implicit false.
    private bool Given(ParseResult parsed, int index) => parsed.GetResult(_options[index]) is { Implicit: false };
}
