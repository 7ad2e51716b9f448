using System.Diagnostics.CodeAnalysis;
using KexecSign.Formats.Errors;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>The model stops here. It unwinds to the run that turns it into a verdict and never leaves this assembly.</summary>
[SuppressMessage("Design", "CA1064", Justification = "Control flow of the model; callers get a verdict record.")]
internal sealed class BpfTrap : Exception
{
    public BpfTrap(ErrorCode rule, params object?[] found)
        : this(BpfFault.Of(rule, found))
    {
    }

    public BpfTrap(BpfFault fault)
        : base(fault.Says) => Fault = fault;

    /// <summary>Why.</summary>
    public BpfFault Fault { get; }
}
