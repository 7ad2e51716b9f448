using KexecSign.Cli.Commands;
using KexecSign.Cli.Output;
using KexecSign.Cli.Progress;
using KexecSign.Cli.Terminal;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Cli;

/// <summary>Runs one operation and shows its result.</summary>
internal static class OperationRun
{
    public static ExitCode Run(OperationRequest request, Flags flags, Surroundings surroundings)
    {
        OperationResult result = Carry(request, flags, surroundings);
        // A result that is not all well is shown even with -q: it takes the place of an error line.
        if (!flags.Quiet || result.Exit is not ExitCode.Done)
            ViewOutput.Show(result.View(), surroundings);
        if (flags.Json)
            WriteJson(request.Operation, result, surroundings.Output);
        return result.Exit;
    }

    private static OperationResult Carry(OperationRequest request, Flags flags, Surroundings surroundings)
    {
        using RunLog? log = flags.Quiet ? null : RunLog.For(surroundings, flags.Verbose);
        bool canAsk = surroundings is { InputIsTerminal: true, ErrorIsTerminal: true };
        using var context = new RunContext
        {
            Keyring = new Keyring(surroundings.Environment, canAsk ? Prompt : null, message => log?.Warning(message), surroundings.TryModule),
            Log = (IRunLog?)log ?? SilentLog.Instance,
            Environment = surroundings.Environment,
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

    // Into memory first: half a document on standard output would be worse than none.
    private static void WriteJson(Operation operation, OperationResult result, Stream output)
    {
        output.Write(operation.Json(result));
        output.Flush();
    }
}
