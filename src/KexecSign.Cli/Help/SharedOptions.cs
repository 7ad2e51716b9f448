using System.Collections.Immutable;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Help;

/// <summary>Options that many commands take with the same words, so that the reference page explains them once.</summary>
internal sealed class SharedOptions
{
    /// <summary>The section's title, and what it is called in links.</summary>
    public const string Title = "Options of many commands", Anchor = "options-of-many-commands";

    private const int Many = 4;

    private readonly ImmutableDictionary<string, string> _meaning;

    private SharedOptions(ImmutableArray<(string, string)> rows)
    {
        Rows = rows;
        _meaning = rows.ToImmutableDictionary(row => row.Item1, row => row.Item2);
    }

    /// <summary>Label and description, in the order in which commands first take them.</summary>
    public ImmutableArray<(string Label, string Description)> Rows { get; }

    public bool IsEmpty => Rows.IsEmpty;

    /// <summary>Finds them. Of a label with several meanings only the one that most commands share is among them.</summary>
    public static SharedOptions Of(ImmutableArray<Operation> operations) => new(
    [
        .. operations.SelectMany(operation => operation.Options).GroupBy(HelpText.Label)
            .Select(label => (label.Key, Meaning: label.GroupBy(HelpText.Description).MaxBy(meaning => meaning.Count())!))
            .Where(option => option.Meaning.Count() >= Many)
            .Select(option => (option.Key, option.Meaning.Key)),
    ]);

    /// <summary>Whether an option is explained there.</summary>
    public bool Has(OptionSpec option) => _meaning.TryGetValue(HelpText.Label(option),
        out string? meaning) && meaning == HelpText.Description(option);
}
