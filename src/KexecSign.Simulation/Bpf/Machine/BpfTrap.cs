using System.Diagnostics.CodeAnalysis;
using KexecSign.Formats.Errors;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>The model stops here. It unwinds to the run that turns it into a verdict and never leaves this assembly.</summary>
[SuppressMessage("Design", "CA1064", Justification = "Control flow of the model; callers get a verdict record.")]
internal sealed class BpfTrap(ErrorCode rule, params object?[] found) : Exception(rule.With(found).Says)
{
    public ErrorCode Rule { get; } = rule;

    public string Mend { get; } = rule.With(found).Mend;
}
