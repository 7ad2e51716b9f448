using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <summary>
/// Turns whatever ended an operation into the one error line that users see. The libraries raise
/// <see cref="KexecSignException"/> themselves; this is the net below them.
/// </summary>
public static class Failure
{
    /// <summary>The error to show: the exception itself when it is one of ours, otherwise KS3000, KS3036 or KS3009.</summary>
    /// <param name="thrown">What was caught.</param>
    public static KexecSignException Explain(Exception thrown) => thrown switch
    {
        KexecSignException ours => ours,
        AggregateException { InnerExceptions: [var first, ..] } => Explain(first),
        TypeInitializationException { InnerException: { } inner } => Explain(inner),
        OperationCanceledException => OperationErrors.Interrupted.Because(thrown),
        IOException or UnauthorizedAccessException => Refused(thrown),
        OutOfMemoryException => OperationErrors.SystemRefused.Because(thrown, "out of memory"),
        // Only the type: a message of unknown origin could hold anything.
        _ => OperationErrors.Internal.Because(thrown, thrown.GetType().Name),
    };

    /// <summary>
    /// Whether an error is an answer about a file: it is broken, or a verification said no. Everything else is trouble of this machine or
    /// of the command, a library that is missing for instance, and never a verdict.
    /// </summary>
    public static bool IsAnswer(KexecSignException refused)
    {
        ArgumentNullException.ThrowIfNull(refused);
        return refused.Code.Kind == ErrorKind.Verdict || refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal);
    }

    private static KexecSignException Refused(Exception thrown)
    {
        KexecSignException refused = OperationErrors.SystemRefused.Because(thrown, FileFailure.Reason(thrown));
        return Path(thrown) is { } path ? refused.In(path) : refused;
    }

    // Besides FileNotFoundException, .NET names the path only inside the message, between quotes.
    private static string? Path(Exception thrown)
    {
        if (thrown is FileNotFoundException { FileName: { } name })
            return name;
        int from = thrown.Message.IndexOf('\'');
        int to = thrown.Message.LastIndexOf('\'');
        return from >= 0 && to > from + 1 ? thrown.Message[(from + 1)..to] : null;
    }
}
