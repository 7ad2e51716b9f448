using System.Collections.Immutable;
using System.CommandLine;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Commands;

/// <summary>
/// The commands that a command line can mean. Only the one that its leading words name is built, because building
/// all of them would be most of the start-up time.
/// </summary>
internal sealed class CommandTree
{
    private readonly RootCommand _root = new("Signs, assembles and verifies Linux kernel images.");
    private readonly GlobalFlags _flags = new();
    private readonly ImmutableArray<Operation> _operations;

    private CommandTree(ImmutableArray<Operation> operations)
    {
        _operations = operations;
        // The library's own --help and --version; ours are made from the catalog and may stand anywhere.
        _root.Options.Clear();
        _flags.AddTo(_root);
    }

    /// <summary>The tree for one command line.</summary>
    public static CommandTree For(IReadOnlyList<string> arguments, ImmutableArray<Operation> operations)
    {
        var tree = new CommandTree(operations);
        if (Named(LeadingWords(arguments), operations) is { } wanted)
            tree.Add(wanted);
        return tree;
    }

    /// <summary>The tree with every command, for completion.</summary>
    public static RootCommand Complete(ImmutableArray<Operation> operations)
    {
        var tree = new CommandTree(operations);
        foreach (Operation operation in operations)
            tree.Add(operation);
        return tree._root;
    }

    public ParsedCommand Parse(IReadOnlyList<string> arguments)
    {
        ParseResult parsed = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var command = parsed.CommandResult.Command as OperationCommand;
        bool answersAnyway = _flags.IsHelp(parsed) || _flags.IsVersion(parsed);
        string group = "";
        if (command is null)
            group = Group(LeadingWords(arguments), versionOrHelp: answersAnyway);
        if (parsed.Errors.Count > 0 && !answersAnyway && command is not null && parsed.UnmatchedTokens is [var extra, ..])
            throw command.OneTooMany(extra);
        if (parsed.Errors.Count > 0 && !answersAnyway)
            throw OperationErrors.CommandLine.With(parsed.Errors[0].Message.TrimEnd('.').ReplaceLineEndings(" "));
        return new(command, group, parsed, _flags);
    }

    private static List<string> LeadingWords(IReadOnlyList<string> arguments)
    {
        var words = new List<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == GlobalFlags.Configuration)
                i++;
            else if (arguments[i].StartsWith('-') && !GlobalFlags.IsListed(arguments[i])
                && !arguments[i].StartsWith(GlobalFlags.Configuration + "=", StringComparison.Ordinal))
                break;
            else if (!arguments[i].StartsWith('-'))
                words.Add(arguments[i]);
        }
        return words;
    }

    private static Operation? Named(List<string> words, ImmutableArray<Operation> operations)
    {
        foreach (Operation operation in operations)
        {
            string[] name = operation.Name.Split(' ');
            if (name.Length <= words.Count && name.AsSpan().SequenceEqual(words.ToArray().AsSpan(0, name.Length)))
                return operation;
        }
        return null;
    }

    private void Add(Operation operation)
    {
        string[] words = operation.Name.Split(' ');
        Command parent = _root;
        foreach (string word in words[..^1])
        {
            Command? group = parent.Subcommands.FirstOrDefault(command => command.Name == word);
            if (group is null)
                parent.Add(group = new Command(word));
            parent = group;
        }
        parent.Add(new OperationCommand(words[^1], operation));
    }

    // The words that begin the names of several commands, for instance "zboot"; empty for the whole program.
    private string Group(List<string> words, bool versionOrHelp)
    {
        if (words.Count == 0)
            return versionOrHelp ? "" : throw OperationErrors.CommandLine.With("no command was given");
        string group = words[0];
        string[] members = [.. _operations.Select(operation => operation.Name)
            .Where(name => name.StartsWith(group + " ", StringComparison.Ordinal))];
        if (members.Length == 0)
            throw OperationErrors.CommandUnknown.With(group,
                Spelling.Hint(group, _operations.Select(operation => operation.Name.Split(' ')[0])));
        if (words.Count > 1)
        {
            string wanted = group + " " + words[1];
            throw OperationErrors.CommandUnknown.With(wanted, Spelling.Hint(wanted, members));
        }
        return versionOrHelp ? group : throw OperationErrors.CommandLine.With(
            $"'{group}' is followed by a second word: {string.Join(", ", members.Select(name => name[(group.Length + 1)..]))}");
    }
}
