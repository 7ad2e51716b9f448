using KexecSign.Cli.Terminal;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Catalog;
using KexecSign.Cli.Commands;
using KexecSign.Core.Operations;
using KexecSign.Core;

namespace KexecSign.Cli.Help;

/// <summary>Man pages made from the same descriptions as <c>--help</c>: one for the program, one for each command.</summary>
internal static class ManPages
{
    /// <summary>Writes <c>kexecsign.1</c> and <c>kexecsign-COMMAND.1</c> into a folder.</summary>
    public static ExitCode Write(string folder, ImmutableArray<Operation> operations)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "kexecsign.1"), OfProgram(operations));
        foreach (Operation operation in operations)
            File.WriteAllText(Path.Combine(folder, Name(operation) + ".1"), OfOperation(operation));
        return ExitCode.Done;
    }

    /// <summary>Name of a command's page.</summary>
    public static string Name(Operation operation) => "kexecsign-" + operation.Name.Replace(' ', '-');

    /// <summary>The program's page.</summary>
    public static string OfProgram(ImmutableArray<Operation> operations)
    {
        var text = new StringBuilder();
        Head(text, "kexecsign", "signs, assembles and verifies Linux kernel images");
        text.Append(".SH SYNOPSIS\n.B kexecsign\n.I COMMAND\n.RI [ OPTIONS ]\n");
        text.Append(".SH DESCRIPTION\n").Append(
            Plain("Each command has a page of its own. '@FILE' stands for the arguments in FILE, one a line.")).Append('\n');
        text.Append(".SH COMMANDS\n");
        foreach (Operation operation in operations)
            Item(text, $".BR {Plain(Name(operation))} (1)", operation.Summary);
        foreach ((string label, string summary) in WordPages.Listed)
            Item(text, ".B " + Plain(label), summary);
        Flags(text, []);
        Variables(text, EnvironmentReference.All);
        End(text);
        return text.ToString();
    }

    /// <summary>A command's page.</summary>
    public static string OfOperation(Operation operation)
    {
        var text = new StringBuilder();
        Head(text, Name(operation), char.ToLowerInvariant(operation.Summary[0]) + operation.Summary[1..].TrimEnd('.'));
        text.Append(".SH SYNOPSIS\n.B ").Append(Plain(HelpText.Usage(operation))).Append('\n');
        if (operation.Details.Length > 0)
            text.Append(".SH DESCRIPTION\n").Append(Plain(operation.Details)).Append('\n');
        if (operation.Arguments.Count + operation.Options.Count > 0)
            text.Append(".SH OPTIONS\n");
        foreach (ArgumentSpec argument in operation.Arguments)
            Item(text, ".I " + Plain(argument.Name), argument.Description + (argument.Repeatable ? " May be repeated." : ""));
        foreach (OptionSpec option in operation.Options)
            Item(text, ".B " + Plain(HelpText.Label(option)), HelpText.Description(option));
        Flags(text, operation.Options);
        Variables(text, EnvironmentReference.Of(operation));
        if (!operation.Examples.IsEmpty)
            text.Append(".SH EXAMPLES\n");
        foreach (Example example in operation.Examples)
            text.Append(Plain(example.Explanation)).Append("\n.PP\n.RS 4\n.nf\n").Append(Plain(example.CommandLine))
                .Append("\n.fi\n.RE\n.PP\n");
        End(text);
        return text.ToString();
    }

    private static void Head(StringBuilder text, string name, string summary)
    {
        text.Append(".\\\" Made by kexecsign man-pages; do not edit.\n");
        text.Append($".TH \"{name.ToUpperInvariant()}\" 1 \"\" \"kexecsign {ProgramVersion.Number}\" \"User Commands\"\n");
        text.Append($".SH NAME\n{Plain(name)} \\- {Plain(summary)}\n");
    }

    private static void Flags(StringBuilder text, IReadOnlyList<OptionSpec> own)
    {
        text.Append(".SH OPTIONS OF EVERY COMMAND\n");
        foreach (FlagSpec flag in GlobalFlags.Listed.Where(flag => !own.Any(option => option.Typed == flag.Name)))
            Item(text, ".B " + Plain(flag.Label), flag.Description);
    }

    private static void Variables(StringBuilder text, IEnumerable<EnvironmentEntry> variables)
    {
        text.Append(".SH ENVIRONMENT\n");
        foreach (EnvironmentEntry variable in variables)
            Item(text, ".B " + Plain(variable.Name), variable.Meaning);
    }

    private static void End(StringBuilder text) =>
        text.Append(".SH EXIT STATUS\n0 done, 1 refused, failed or interrupted, 2 wrong usage, 3 some of a batch failed, 4 verification "
            + "failed.\n.SH SEE ALSO\n.BR kexecsign (1)\n");

    private static void Item(StringBuilder text, string head, string description) =>
        text.Append(".TP\n").Append(head).Append('\n').Append(Plain(description)).Append('\n');

    // A backslash begins an escape, a dot or an apostrophe at a line's beginning a request; a plain '-' would become a hyphen
    // that cannot be searched for or copied.
    private static string Plain(string text)
    {
        string escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped is ['.' or '\'', ..] ? "\\&" + escaped : escaped;
    }
}
