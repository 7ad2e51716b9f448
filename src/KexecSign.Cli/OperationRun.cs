using KexecSign.Cli.Commands;
using KexecSign.Cli.Output;
using KexecSign.Cli.Progress;
using KexecSign.Cli.Terminal;
using KexecSign.Commands.Offline;
using KexecSign.Configuration;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Programs;

namespace KexecSign.Cli;

/// <summary>Runs one operation and shows its result.</summary>
internal static class OperationRun
{
    public static ExitCode Run(OperationRequest request, Flags flags, Surroundings surroundings)
    {
        if (flags.Json && request.ToStandardOutput is { } option)
            throw OperationErrors.StandardOutputTwice.With(option, "--json");
        OperationResult result = Carry(request, flags, surroundings);
        if (result.IsShown && !flags.Quiet)
            Show(result.View(), flags.Json || request.ToStandardOutput is not null, flags, surroundings);
        else if (result.IsShown && result.Exit is not ExitCode.Done)
            Complain(result.View(), flags, surroundings);
        // Into memory first: half a document on standard output would be worse than none.
        if (flags.Json)
            Answers.Write(request.Operation.Json(result), surroundings);
        return result.Exit;
    }

    // Aside where standard output holds a document, or the very file that was asked for.
    private static void Show(ReportView view, bool aside, Flags flags, Surroundings surroundings)
    {
        if (aside)
            ViewOutput.Aside(view, surroundings);
        else
            ViewOutput.Answer(view, surroundings);
        ViewOutput.Failures(view, flags.Verbose, surroundings);
    }

    // With -q a result that is not all well takes the place of an error line.
    private static void Complain(ReportView view, Flags flags, Surroundings surroundings)
    {
        if (view.Failures.IsEmpty)
            ViewOutput.Aside(view, surroundings);
        ViewOutput.Failures(view, flags.Verbose, surroundings);
    }

    private static OperationResult Carry(OperationRequest request, Flags flags, Surroundings surroundings)
    {
        using RunLog? log = flags.Quiet ? null : RunLog.For(surroundings, flags.Verbose);
        bool canAsk = surroundings is { InputIsTerminal: true, ErrorIsTerminal: true };
        IRunLog told = (IRunLog?)log ?? SilentLog.Instance;
        using var context = new RunContext
        {
            Keyring = new Keyring(surroundings.Environment, canAsk ? Prompt : null, message => log?.Warning(message),
                surroundings.TryModule, SignerProgram.Run),
            Log = told,
            Settings = new Configurations
            {
                Named = flags.Configuration,
                None = flags.NoConfiguration,
                Folder = surroundings.Folder,
                Environment = surroundings.Environment,
            }.Settings(told),
            Environment = surroundings.Environment,
            Elsewhere = BundledKeys.ForRun,
            Answer = flags.Json ? AnswerUse.Whole : flags.Quiet ? AnswerUse.Outcome : AnswerUse.View,
            DryRun = flags.DryRun,
            Cancellation = surroundings.Cancellation,
        };
        return request.Run(context);

        string? Prompt(string subject)
        {
            log?.Clear();
            return surroundings.AskPin(subject);
        }
    }
}
