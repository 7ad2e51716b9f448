using KexecSign.Formats.Errors;
using KexecSign.Simulation.Answers;

namespace KexecSign.Simulation.Kexec;

/// <summary>What a kernel answers, and why.</summary>
public abstract record KernelAnswer
{
    /// <summary>Error number; <see cref="KernelErrno.None"/> when accepted.</summary>
    public KernelErrno Errno { get; init; } = KernelErrno.None;

    /// <summary>The rule that refused; null when accepted.</summary>
    public ErrorCode? Rule { get; init; }

    /// <summary>The line the kernel logs, as <c>dmesg</c> shows it; empty when it is silent.</summary>
    public string KernelMessage { get; init; } = "";

    /// <summary>What was found and where, for a person; one line.</summary>
    public required string Explanation { get; init; }

    /// <summary>Whether the kernel says yes.</summary>
    public bool Accepted => Errno.Number == 0;

    internal Refusal? Cause { get; init; }

    /// <summary>Does nothing when accepted.</summary>
    /// <exception cref="KexecSignException">The rule that refused (KS40xx), with what was found.</exception>
    public void ThrowIfRefused()
    {
        if (Cause is { } refusal)
            throw refusal.ToException();
    }
}
