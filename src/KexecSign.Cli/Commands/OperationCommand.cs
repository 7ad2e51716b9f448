using System.CommandLine;
using System.CommandLine.Parsing;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Commands;

/// <summary>
/// The command of one operation. Every value is taken as text and judged by the operation, so that all faces refuse
/// the same things in the same words.
/// </summary>
internal sealed class OperationCommand : Command
{
    private readonly IReadOnlyList<OptionSpec> _optionSpecs;
    private readonly IReadOnlyList<ArgumentSpec> _argumentSpecs;

    public OperationCommand(string word, Operation operation)
        : base(word, operation.Summary)
    {
        Operation = operation;
        _optionSpecs = operation.Options;
        _argumentSpecs = operation.Arguments;
        foreach (OptionSpec spec in _optionSpecs)
            Add(OptionFor(spec));
        foreach (ArgumentSpec spec in _argumentSpecs)
            Add(ArgumentFor(spec));
    }

    public Operation Operation { get; }

    public OperationRequest Request(ParseResult parsed)
    {
        RefuseUnknownOptions(parsed);
        var request = new OperationRequest(Operation);
        for (int i = 0; i < _argumentSpecs.Count; i++)
        {
            foreach (Token token in parsed.GetResult(Arguments[i])?.Tokens ?? [])
                request.Give(_argumentSpecs[i], token.Value);
        }
        for (int i = 0; i < _optionSpecs.Count; i++)
        {
            OptionSpec spec = _optionSpecs[i];
            if (parsed.GetResult(Options[i]) is not { Implicit: false } given)
                continue;
            if (spec.Value is null)
                request.Set(spec.Name, "");
            bool byLetter = spec.Kind is OptionKind.KeyReference && given is OptionResult { IdentifierToken.Value.Length: 2 };
            foreach (Token token in given.Tokens)
                request.Set(spec.Name, byLetter && IsBareName(token.Value) ? "@" + token.Value : token.Value);
        }
        return request;
    }

    /// <summary>What is wrong with a word that no argument is left for.</summary>
    public KexecSignException OneTooMany(string word)
    {
        if (word is ['-', _, ..])
            return Unknown(word.Split('=')[0]);
        if (_argumentSpecs.Count == 1)
            return OperationErrors.ArgumentRepeated.With(Operation.Name, _argumentSpecs[0].Name, word);
        return OperationErrors.CommandLine.With(_argumentSpecs.Count == 0
            ? $"'{Operation.Name}' takes no FILE without an option's name in front of it, and '{word}' has none"
            : $"'{Operation.Name}' takes {string.Join(" and ", _argumentSpecs.Select(spec => spec.Name))}, and '{word}' is one more");
    }

    // '-k db' is the key of that name; a file of that name is what was meant where there is one.
    private static bool IsBareName(string value) =>
        value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && !File.Exists(value);

    private static Option OptionFor(OptionSpec spec)
    {
        if (spec.Value is null)
            return new Option<bool>(spec.Typed) { Description = spec.Description, Arity = ArgumentArity.Zero };
        var option = new Option<string[]>(spec.Typed, spec.OtherTyped is { } other ? [other] : [])
        {
            Description = spec.Description,
            HelpName = spec.Value,
            // Any number, because OperationRequest says more clearly what is wrong with a second value.
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        if (!spec.Choices.IsEmpty)
            option.CompletionSources.Add([.. spec.Choices]);
        return option;
    }

    private static Argument ArgumentFor(ArgumentSpec spec) => spec.Repeatable
        ? new Argument<string[]>(spec.Name) { Description = spec.Description, Arity = ArgumentArity.ZeroOrMore }
        : new Argument<string>(spec.Name) { Description = spec.Description, Arity = ArgumentArity.ZeroOrOne };

    // System.CommandLine takes an option it does not know for an argument: a mistyped --replace would be a file name.
    private void RefuseUnknownOptions(ParseResult parsed)
    {
        foreach (Token token in parsed.Tokens)
        {
            if (token.Type is TokenType.DoubleDash)
                return;
            if (token.Type is TokenType.Argument && token.Value is ['-', _, ..] && !IsOptionValue(token, parsed))
                throw Unknown(token.Value.Split('=')[0]);
        }
    }

    private KexecSignException Unknown(string typed) => OperationErrors.OptionUnknown.With(
        Operation.Name, typed,
        _argumentSpecs.Any(spec => spec.BehindDashes)
            ? ". A command with options of its own stands behind '--'."
            : Spelling.Hint(typed, [.. _optionSpecs.Select(spec => spec.Typed), .. GlobalFlags.Listed.Select(flag => flag.Name)]));

    private bool IsOptionValue(Token token, ParseResult parsed) =>
        Options.Any(option => parsed.GetResult(option) is { } given && given.Tokens.Any(value => ReferenceEquals(value, token)));
}
