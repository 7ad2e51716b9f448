using System.CommandLine;
using System.CommandLine.Parsing;
using KexecSign.Errors;
using KexecSign.Operations;

namespace KexecSign.Cli.Commands;

/// <summary>
/// The command of one operation. Every value is taken as text and judged by the operation, so that all faces refuse
/// the same things in the same words.
/// </summary>
internal sealed class OperationCommand : Command
{
    private readonly (OptionSpec Spec, Option Option)[] _options;
    private readonly (ArgumentSpec Spec, Argument Argument)[] _arguments;

    public OperationCommand(string word, Operation operation)
        : base(word, operation.Summary)
    {
        Operation = operation;
        _options = [.. operation.Options.Select(spec => (spec, OptionFor(spec)))];
        _arguments = [.. operation.Arguments.Select(spec => (spec, ArgumentFor(spec)))];
        foreach ((_, Option option) in _options)
            Add(option);
        foreach ((_, Argument argument) in _arguments)
            Add(argument);
    }

    public Operation Operation { get; }

    public OperationRequest Request(ParseResult parsed)
    {
        RefuseUnknownOptions(parsed);
        var request = new OperationRequest(Operation);
        foreach ((ArgumentSpec spec, Argument argument) in _arguments)
        {
            foreach (Token token in parsed.GetResult(argument)?.Tokens ?? [])
                request.Give(spec, token.Value);
        }
        foreach ((OptionSpec spec, Option option) in _options)
        {
            if (parsed.GetResult(option) is not { Implicit: false } given)
                continue;
            if (spec.Value is null)
                request.Set(spec.Name, "");
            foreach (Token token in given.Tokens)
                request.Set(spec.Name, token.Value);
        }
        return request;
    }

    private static Option OptionFor(OptionSpec spec)
    {
        if (spec.Value is null)
            return new Option<bool>(spec.Typed) { Description = spec.Description, Arity = ArgumentArity.Zero };
        var option = new Option<string[]>(spec.Typed, spec.Name == "o" ? ["--output"] : [])
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
                throw OperationErrors.OptionUnknown.With(Operation.Name, token.Value.Split('=')[0]);
        }
    }

    private bool IsOptionValue(Token token, ParseResult parsed) =>
        _options.Any(option => parsed.GetResult(option.Option) is { } given && given.Tokens.Any(value => ReferenceEquals(value, token)));
}
