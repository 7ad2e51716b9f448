using System.Text;
using KexecSign.Cli.Commands;
using KexecSign.Cli.Terminal;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Help;

/// <summary>What <c>--help</c> prints, made from the operations' own descriptions.</summary>
internal static class HelpText
{
    private const int WidestUseful = 100;

    private static readonly (string Typed, string Tells)[] FirstSteps =
    [
        ("kexecsign demo", "make a token, sign an image, see who takes it"),
        ("kexecsign inspect FILE", "what a file is, and what is wrong with it"),
        ("kexecsign verify FILE", "whether firmware, shim, kexec and IMA would take it"),
        ("kexecsign help sign", "how to sign; 'help COMMAND' explains any other"),
    ];

    private static readonly string[] LastWords =
    [
        "'kexecsign help COMMAND' shows what a command takes. '@FILE' stands for the arguments in FILE, one a line.",
        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 some of a batch failed, 4 verification failed.",
    ];

    public static string For(ParsedCommand command, Surroundings surroundings)
    {
        int width = Math.Min(surroundings.Width, WidestUseful);
        return command.Operation is { } operation ? OfOperation(operation, width) : OfGroup(command.Group, surroundings, width);
    }

    private static string OfGroup(string group, Surroundings surroundings, int width)
    {
        var text = new StringBuilder();
        Paragraph(text, "kexecsign: signs, assembles and verifies Linux kernel images.", 0, width);
        text.Append('\n');
        if (group.Length == 0)
        {
            text.Append("First steps:\n");
            Rows(text, width, FirstSteps);
            text.Append('\n');
        }
        text.Append($"Usage: kexecsign {(group.Length == 0 ? "" : group + " ")}COMMAND [OPTIONS]\n\nCommands:\n");
        Rows(text, width, surroundings.Operations
            .Where(operation => group.Length == 0 || operation.Name.StartsWith(group + " ", StringComparison.Ordinal))
            .Select(operation => (operation.Name, operation.Summary)));
        if (group.Length == 0)
        {
            text.Append("\nBesides:\n");
            Rows(text, width, WordPages.Listed);
        }
        Common(text, width, []);
        text.Append('\n');
        foreach (string words in LastWords)
            Paragraph(text, words, 0, width);
        return text.ToString();
    }

    private static string OfOperation(Operation operation, int width)
    {
        var text = new StringBuilder();
        Paragraph(text, operation.Summary, 0, width);
        text.Append('\n');
        Paragraph(text, $"Usage: {Usage(operation)}", 0, width);
        if (operation.Details.Length > 0)
        {
            text.Append('\n');
            Paragraph(text, operation.Details, 0, width);
        }
        if (operation.Arguments.Count > 0)
        {
            text.Append("\nArguments:\n");
            Rows(text, width, operation.Arguments.Select(argument =>
                (argument.Name, argument.Description + Marks(argument.Required, argument.Repeatable))));
        }
        if (operation.Options.Count > 0)
        {
            text.Append("\nOptions:\n");
            Rows(text, width, operation.Options.Select(option => (Label(option), Description(option))));
        }
        Common(text, width, operation.Options);
        if (!operation.Examples.IsEmpty)
            text.Append("\nExamples:\n");
        foreach (Example example in operation.Examples)
        {
            Paragraph(text, example.Explanation, 2, width);
            text.Append($"    {example.CommandLine}\n");
        }
        return text.ToString();
    }

    /// <summary>The command with its arguments, as the usage line shows it.</summary>
    public static string Usage(Operation operation)
    {
        var text = new StringBuilder("kexecsign ").Append(operation.Name);
        foreach (ArgumentSpec argument in operation.Arguments.Where(argument => !argument.BehindDashes))
            text.Append(' ').Append(Usage(argument));
        foreach (OptionSpec option in operation.Options.Where(option => option.Required))
            text.Append($" {option.Typed} {option.Value}");
        text.Append(" [OPTIONS]");
        foreach (ArgumentSpec argument in operation.Arguments.Where(argument => argument.BehindDashes))
            text.Append(" -- ").Append(Usage(argument));
        return text.ToString();
    }

    private static string Usage(ArgumentSpec argument)
    {
        string name = argument.Name + (argument.Repeatable ? "..." : "");
        return argument.Required ? name : $"[{name}]";
    }

    /// <summary>The option as typed, with the word that stands for its value.</summary>
    public static string Label(OptionSpec option)
    {
        string typed = option.OtherTyped is not { } other ? option.Typed
            : other.Length < option.Typed.Length ? $"{other}, {option.Typed}" : $"{option.Typed}, {other}";
        return option.Value is null ? typed : $"{typed} {option.Value}";
    }

    /// <summary>Description with choices, default and marks.</summary>
    public static string Description(OptionSpec option)
    {
        string choices = option.Choices.IsEmpty ? "" : $" One of: {string.Join(", ", option.Choices)}.";
        string standard = option.Default is not { } value ? "" : $" Default: {(value.Contains(' ') ? value : $"'{value}'")}.";
        return option.Description + Letter(option) + choices + standard + Marks(option.Required, option.Repeatable);
    }

    private static string Letter(OptionSpec option) => option is { Value: "KEY", OtherTyped: { } letter }
        ? $" {letter} NAME is short for {option.Typed} @NAME." : "";

    private static string Marks(bool required, bool repeatable) => (required, repeatable) switch
    {
        (true, true) => " Required, may be repeated.",
        (true, false) => " Required.",
        (false, true) => " May be repeated.",
        _ => "",
    };

    // An option of a command's own, like --version of 'ima sign', stands in front of the program's.
    private static void Common(StringBuilder text, int width, IReadOnlyList<OptionSpec> own)
    {
        text.Append("\nEvery command takes:\n");
        Rows(text, width, GlobalFlags.Listed.Where(flag => !own.Any(option => option.Typed == flag.Name)).Select(flag =>
            (flag.Label, flag.Description)));
    }

    private static void Rows(StringBuilder text, int width, IEnumerable<(string Label, string Description)> rows)
    {
        List<(string Label, string Description)> all = [.. rows];
        int column = 2 + all.Select(row => row.Label.Length).Where(length => length <= 26).DefaultIfEmpty(10).Max() + 2;
        foreach ((string label, string description) in all)
        {
            text.Append("  ").Append(label);
            if (label.Length + 4 > column)
                text.Append('\n').Append(' ', column);
            else
                text.Append(' ', column - label.Length - 2);
            Wrap(text, description, column, width);
        }
    }

    private static void Paragraph(StringBuilder text, string words, int indent, int width)
    {
        text.Append(' ', indent);
        Wrap(text, words, indent, width);
    }

    private static void Wrap(StringBuilder text, string words, int indent, int width)
    {
        int at = indent;
        foreach (string word in words.Split(' '))
        {
            if (at > indent && at + 1 + word.Length > width)
            {
                text.Append('\n').Append(' ', indent);
                at = indent;
            }
            if (at > indent)
            {
                text.Append(' ');
                at++;
            }
            text.Append(word);
            at += word.Length;
        }
        text.Append('\n');
    }
}
