using KexecSign.Cli.Commands;
using KexecSign.Cli.Help;
using KexecSign.Cli.Output;
using KexecSign.Cli.Pins;
using KexecSign.Cli.Terminal;
using KexecSign.Core;

namespace KexecSign.Cli;

/// <summary>From arguments to an exit code.</summary>
internal static class Invocation
{
    public static int Run(IReadOnlyList<string> arguments, Surroundings surroundings)
    {
        // Looked up by hand, because a command line that cannot be parsed has to be answered in the asked-for form too.
        var errors = new ErrorOutput(surroundings, json: arguments.Contains("--json"), verbose: arguments.Contains("-v")
            || arguments.Contains("--verbose"));
        try
        {
            IReadOnlyList<string> expanded = ResponseFiles.Expand(arguments, surroundings.Operations);
            return (int)Understand(expanded, surroundings.TakePins is { } take
                ? surroundings with { Environment = take(expanded) }
                : surroundings);
        }
#pragma warning disable CA1031 // Whatever it is, users get one line and an exit code.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return (int)errors.Show(thrown);
        }
    }

    private static ExitCode Understand(IReadOnlyList<string> arguments, Surroundings surroundings)
    {
        if (arguments is [var first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal))
            return Completion.Answer(arguments, surroundings);
        if (arguments is [ModuleChild.Command, var module])
        {
            ModuleChild.Run(module, surroundings.Output);
            return ExitCode.Done;
        }
        if (arguments is [var command, ..] && PageCommand.Named(command) is { } pages)
            return pages.FolderOf(arguments) is { } folder
                ? pages.Write(folder, surroundings.Operations)
                : Print(pages.Usage, surroundings);
        if (arguments is ["help", var word] && WordPages.Of(word) is { } page)
            return Print(page, surroundings);
        if (arguments is [ShellScripts.Command, ..])
            return Print(ShellScripts.For(arguments), surroundings);

        arguments = Words.AsFlags(arguments);
        CommandTree tree = CommandTree.For(arguments, surroundings.Operations);
        ParsedCommand parsed = tree.Parse(arguments);
        if (parsed.WantsHelp)
            return Print(HelpText.For(parsed, surroundings), surroundings);
        if (parsed.WantsVersion)
            return Print($"kexecsign {ProgramVersion.Number}\n", surroundings);
        return OperationRun.Run(parsed.Request(), parsed.Flags, surroundings);
    }

    private static ExitCode Print(string text, Surroundings surroundings)
    {
        Answers.Write(text, surroundings);
        return ExitCode.Done;
    }
}
