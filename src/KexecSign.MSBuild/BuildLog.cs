using KexecSign.Core;
using KexecSign.Core.Reports;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace KexecSign.MSBuild;

/// <summary>Progress in the build log: a message when a step begins, details at low importance, warnings as warnings.</summary>
internal sealed class BuildLog(TaskLoggingHelper log) : IRunLog
{
    /// <inheritdoc/>
    public IRunStep Step(string name, long totalBytes = 0)
    {
        log.LogMessage(MessageImportance.Normal, "{0}", Printable.Line(name));
        return SilentLog.Instance;
    }

    /// <inheritdoc/>
    public void Warning(string message)
    {
        bool coded = message is ['K', 'S', _, _, _, _, ':', ' ', ..];
        log.LogWarning(null, coded ? message[..6] : null, null, null, 0, 0, 0, 0, "{0}", Printable.Line(coded ? message[8..] : message));
    }

    /// <inheritdoc/>
    public void Detail(string message) => log.LogMessage(MessageImportance.Low, "{0}", Printable.Line(message));
}
