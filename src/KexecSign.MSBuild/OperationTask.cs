using KexecSign.Commands.Offline;
using KexecSign.Configuration;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Keyrings;
using Microsoft.Build.Framework;
using KexecSign.Programs;

namespace KexecSign.MSBuild;

/// <summary>
/// A task that runs one operation. No property holds a secret: MSBuild writes properties into its logs, so a PIN is
/// named by an environment variable or a file.
/// </summary>
[MSBuildMultiThreadableTask]
public abstract class OperationTask : Microsoft.Build.Utilities.Task, ICancelableTask, IMultiThreadableTask, IDisposable
{
    private const string LogsAll = "MSBUILDLOGALLENVIRONMENTVARIABLES";

    private readonly CancellationTokenSource _cancellation = new();

    private protected OperationTask(Operation operation) => Operation = operation;

    /// <inheritdoc/>
    public TaskEnvironment TaskEnvironment { get; set; } = TaskEnvironment.Fallback;

    /// <summary>Print the plan and touch nothing.</summary>
    public bool DryRun { get; set; }

    /// <summary>
    /// The configuration with named keys, trust and profiles; empty for the usual ones, of which the project's folder has the nearest.
    /// </summary>
    public string? ConfigFile { get; set; }

    /// <summary>Where the result is to be written as JSON; empty for nowhere.</summary>
    public string? ReportFile { get; set; }

    internal Operation Operation { get; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        using IDisposable words = FaceWords.Speak(ProjectWords.Instance);
        try
        {
            OperationResult result = Run();
            Show(result);
        }
#pragma warning disable CA1031 // Whatever it is, the build log gets its KS line.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            KexecSignException error = Failure.Explain(thrown);
            LogError(error.Code.Id, error.File, error.Says + " " + error.Mend, error.Line, error.Column);
        }
        return !Log.HasLoggedErrors;
    }

    /// <inheritdoc/>
    public void Cancel() => _cancellation.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        _cancellation.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Says under which option name each property goes.</summary>
    internal abstract void Give(OptionValues values);

    private OperationResult Run()
    {
        var values = new OptionValues(Absolute);
        Give(values);
        var request = new OperationRequest(Operation);
        foreach (string argument in values.Arguments)
            request.Give(Operation.Arguments[0], argument);
        foreach ((string name, string value) in values.Options)
            request.Set(name, value);
        var log = new BuildLog(Log);
        foreach ((_, string variable) in values.Options.Where(option => option.Name == "pin-env"))
            WarnOfLoggedEnvironment(variable, log);
        using var context = new RunContext
        {
            Keyring = new Keyring(TaskEnvironment.GetEnvironmentVariable, prompt: null, log.Warning, tryModule: null, SignerProgram.Run),
            Log = log,
            Environment = TaskEnvironment.GetEnvironmentVariable,
            Settings = new Configurations
            {
                Named = string.IsNullOrEmpty(ConfigFile) ? null : Absolute(ConfigFile),
                Folder = Absolute("."),
                Environment = TaskEnvironment.GetEnvironmentVariable,
            }.Settings(log),
            Elsewhere = BundledKeys.ForRun,
            DryRun = DryRun,
            Cancellation = _cancellation.Token,
        };
        TellFiles("input", [.. values.Inputs, .. AbsoluteOrNone(ConfigFile)], log);
        OperationResult result = request.Run(context);
        if (!string.IsNullOrEmpty(ReportFile))
            ReportOnDisk.Write(Operation.Json(result), Absolute(ReportFile), context);
        if (!DryRun)
            TellFiles("output", [.. values.Outputs, .. AbsoluteOrNone(ReportFile)], log);
        return result;
    }

    // What is not there is told by the operation, which knows whether it has to be.
    private static void TellFiles(string word, string[] paths, BuildLog log)
    {
        foreach (string path in paths.Where(Path.Exists))
            log.Detail($"[{word}] {path}");
    }

    private string[] AbsoluteOrNone(string? path) => string.IsNullOrEmpty(path) ? [] : [Absolute(path)];

    // Without it MSBuild logs the variables that a project reads as properties, and reading one as $(NAME) is what nobody should.
    private void WarnOfLoggedEnvironment(string variable, BuildLog log)
    {
        if (!string.IsNullOrEmpty(TaskEnvironment.GetEnvironmentVariable(LogsAll)))
            log.Warning(KeyErrors.PinInBuildLog.With(variable, LogsAll).Message);
    }

    private string Absolute(string path) => TaskEnvironment.GetAbsolutePath(path);

    private void Show(OperationResult result)
    {
        ReportView view = result.View();
        foreach (string line in PlainView.Lines(view))
            Log.LogMessage(MessageImportance.Normal, "{0}", line);
        if (result.Exit is ExitCode.Done)
            return;
        foreach (ReportFailure failure in view.Failures)
            LogError(failure.Code, null, failure.Message[(failure.Code.Length + 2)..]);
        if (!view.Failures.IsEmpty)
            return;
        // The notes of a result that is not done begin with the codes of what is wrong.
        foreach (string note in view.Notes.IsEmpty ? [view.Title] : view.Notes)
        {
            bool coded = note is ['K', 'S', _, _, _, _, ':', ' ', ..];
            LogError(coded ? note[..6] : "KS6001", null, coded ? note[8..] : note);
        }
    }

    private void LogError(string code, string? file, string message, int line = 0, int column = 0) =>
        Log.LogError(null, code, null, null, file, line, column, 0, 0, "{0}", Printable.Line(message));
}
