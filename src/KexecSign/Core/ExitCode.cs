using KexecSign.Formats.Errors;

namespace KexecSign.Core;

/// <summary>How an operation ended; the numbers are the exit codes of every command.</summary>
public enum ExitCode
{
    /// <summary>All that was asked for was done.</summary>
    Done = 0,

    /// <summary>Refused or failed.</summary>
    Failed = 1,

    /// <summary>The command line, plan or option does not make sense.</summary>
    WrongUsage = 2,

    /// <summary>Some files of a batch failed; the report names them.</summary>
    SomeFailed = 3,

    /// <summary>A verification was carried out and its answer is no.</summary>
    VerificationFailed = 4,
}

/// <summary>What a process says of an error that ends it.</summary>
public static class ErrorExit
{
    /// <summary>The exit code of a command that stops with an error.</summary>
    public static ExitCode Exit(this ErrorCode error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.Kind switch
        {
            ErrorKind.Failure => ExitCode.Failed,
            ErrorKind.Usage => ExitCode.WrongUsage,
            ErrorKind.Verdict => ExitCode.VerificationFailed,
            _ => throw new ArgumentOutOfRangeException(nameof(error), error.Kind, null),
        };
    }
}
