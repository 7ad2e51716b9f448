using System.Diagnostics.CodeAnalysis;
using KexecSign.Formats.Errors;

namespace KexecSign.Simulation.Answers;

/// <summary>
/// A kernel function returning an error. It unwinds to the entry point that turns it into an answer, as the error
/// number does in the kernel; it never leaves this assembly.
/// </summary>
[SuppressMessage("Design", "CA1064", Justification = "Control flow of the model; callers get an answer record.")]
internal sealed class Refusal(KernelErrno errno, ErrorCode rule, string kernelMessage, params object?[] found)
    : Exception(rule.With(found).Says)
{
    public KernelErrno Errno { get; } = errno;

    public ErrorCode Rule { get; } = rule;

    public string KernelMessage { get; } = kernelMessage;

    /// <summary>The same for callers that asked for a value and not for an answer.</summary>
    public KexecSignException ToException() => Rule.With(found);
}
