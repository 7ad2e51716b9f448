using System.Collections.Immutable;
using System.Text;
using KexecSign.Catalog;
using KexecSign.Cli.Commands;
using KexecSign.Core.Operations;
using KexecSign.Core;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Help;

/// <summary>The reference pages of the documentation, made from the same descriptions as <c>--help</c>.</summary>
internal static class ReferencePages
{
    /// <summary>Writes <c>reference.md</c>, <c>errors.md</c>, <c>environment.md</c> and the schemas into a folder.</summary>
    public static ExitCode Write(string folder, ImmutableArray<Operation> operations)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "reference.md"), Commands(operations));
        File.WriteAllText(Path.Combine(folder, "errors.md"), Errors(ErrorReference.All));
        File.WriteAllText(Path.Combine(folder, "environment.md"), EnvironmentPage.Text(EnvironmentReference.All));
        Directory.CreateDirectory(Path.Combine(folder, "schema"));
        foreach (Operation operation in operations)
            File.WriteAllText(Path.Combine(folder, "schema", ReportSchemas.FileName(operation)), ReportSchemas.Of(operation));
        foreach ((string name, string text) in PublishedSchemas.All)
            File.WriteAllText(Path.Combine(folder, "schema", name), text);
        return ExitCode.Done;
    }

    public static string Commands(ImmutableArray<Operation> operations)
    {
        var text = new StringBuilder("# Commands\n\nMade by `kexecsign help-pages docs`; do not edit.\n\n");
        text.Append("Every command takes:\n\n| flag | meaning |\n| --- | --- |\n");
        foreach (FlagSpec flag in GlobalFlags.Listed)
            Row(text, $"`{flag.Label}`", flag.Description);
        text.Append("\n`@FILE` stands for the arguments in FILE, one a line, taken as they stand; empty lines and lines that begin with "
            + "`#` are left out.\n");
        text.Append("\nExit codes: 0 done, 1 refused, failed or interrupted, 2 wrong usage, 3 some of a batch failed, 4 verification "
            + "failed.\n");
        SharedOptions shared = SharedOptions.Of(operations);
        Shared(text, shared);
        foreach (Operation operation in operations)
            Command(text, operation, shared);
        return text.ToString();
    }

    public static string Errors(ImmutableArray<ErrorCode> codes)
    {
        var text = new StringBuilder("# Error codes\n\nMade by `kexecsign help-pages docs`; do not edit.\n\n");
        text.Append("An error is one line: code, file, what and where, and what to do. Codes are never reused. ");
        text.Append("With `-v` an error names its place on this page.\n\n");
        text.Append("| code | what | what to do | exit |\n| --- | --- | --- | --- |\n");
        foreach (ErrorCode code in codes.OrderBy(code => code.Id, StringComparer.Ordinal))
            Row(text, $"<a id=\"{ToolVersion.ErrorAnchor(code.Id)}\"></a>{code.Id}", code.Says, code.Mend, $"{(int)code.Exit()}");
        return text.ToString();
    }

    private static void Shared(StringBuilder text, SharedOptions shared)
    {
        if (shared.IsEmpty)
            return;
        text.Append($"\n## {SharedOptions.Title}\n\n");
        text.Append("They mean the same everywhere; each command names those that it takes.\n\n| option | meaning |\n| --- | --- |\n");
        foreach ((string label, string description) in shared.Rows)
            Row(text, $"`{label}`", description);
    }

    private static void Command(StringBuilder text, Operation operation, SharedOptions shared)
    {
        text.Append($"\n## {operation.Name}\n\n{operation.Summary}\n\n```\n{HelpText.Usage(operation)}\n```\n");
        if (operation.Details.Length > 0)
            text.Append($"\n{operation.Details}\n");
        text.Append($"\nWith `--json`: [schema](schema/{ReportSchemas.FileName(operation)}).\n");
        OptionSpec[] own = [.. operation.Options.Where(option => !shared.Has(option))];
        if (operation.Arguments.Count + own.Length > 0)
            text.Append("\n| takes | meaning |\n| --- | --- |\n");
        foreach (ArgumentSpec argument in operation.Arguments)
            Row(text, $"`{argument.Name}`", argument.Description + (argument.Repeatable ? " May be repeated." : ""));
        foreach (OptionSpec option in own)
            Row(text, $"`{HelpText.Label(option)}`", HelpText.Description(option));
        if (own.Length < operation.Options.Count)
        {
            IEnumerable<string> labels = operation.Options.Where(shared.Has).Select(option => $"`{HelpText.Label(option)}`");
            text.Append($"\nAs [elsewhere](#{SharedOptions.Anchor}): {string.Join(", ", labels)}.\n");
        }
        foreach (Example example in operation.Examples)
            text.Append($"\n{example.Explanation}\n\n```\n{example.CommandLine}\n```\n");
    }

    internal static void Row(StringBuilder text, params ReadOnlySpan<string> cells)
    {
        foreach (string cell in cells)
            text.Append("| ").Append(cell.Replace("|", "\\|", StringComparison.Ordinal)).Append(' ');
        text.Append("|\n");
    }
}
