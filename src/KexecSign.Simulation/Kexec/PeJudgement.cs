using System.Collections.Immutable;
using KexecSign.Simulation.Answers;

namespace KexecSign.Simulation.Kexec;

/// <summary>A keyring that vouched for a signature.</summary>
public enum KernelKeyring
{
    /// <summary><c>.builtin_trusted_keys</c> and what is linked from <c>.secondary_trusted_keys</c>.</summary>
    BuiltinAndSecondary,

    /// <summary><c>.platform</c>.</summary>
    Platform,
}

/// <summary>Answer of <c>kexec_kernel_verify_pe_sig()</c>.</summary>
public sealed record PeJudgement : KernelAnswer
{
    /// <summary>The keyring that vouched; null when none did.</summary>
    public KernelKeyring? TrustedBy { get; init; }

    /// <summary>
    /// Subject of the first signer's certificate; null when the check did not come so far or the certificate is not in the message.
    /// </summary>
    public string? Signer { get; init; }

    /// <summary>Name of the image digest algorithm as the kernel calls it; null when the check did not come so far.</summary>
    public string? DigestAlgorithm { get; init; }

    /// <summary>Image digest that was signed; empty when the check did not come so far.</summary>
    public ImmutableArray<byte> SignedDigest { get; init; } = [];

    internal static PeJudgement Of(Refusal refusal) => new()
    {
        Errno = refusal.Errno,
        Rule = refusal.Rule,
        KernelMessage = refusal.KernelMessage,
        Explanation = refusal.Message,
        Cause = refusal,
    };
}
