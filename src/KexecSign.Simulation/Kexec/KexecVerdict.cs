using KexecSign.Simulation.Answers;

namespace KexecSign.Simulation.Kexec;

/// <summary>Answer of <c>kexec_file_load</c> to a file.</summary>
public sealed record KexecVerdict : KernelAnswer
{
    /// <summary>
    /// Answer of the signature check; null when the kernel did not come to it. It may be a refusal although the file is
    /// loaded: a kernel that does not enforce signatures only notes it.
    /// </summary>
    public PeJudgement? Signature { get; init; }

    internal static KexecVerdict Of(Refusal refusal, PeJudgement? signature) => new()
    {
        Errno = refusal.Errno,
        Rule = refusal.Rule,
        KernelMessage = refusal.KernelMessage,
        Explanation = refusal.Message,
        Cause = refusal,
        Signature = signature,
    };
}
