namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>The kernel around a program: its helpers and kfuncs.</summary>
internal abstract class BpfEnvironment
{
    /// <summary>Calls a helper; the result goes to r0.</summary>
    public abstract ulong CallHelper(BpfMachine machine, int helper, in Arguments arguments);

    /// <summary>Calls a kfunc by the number in the call.</summary>
    public abstract ulong CallKfunc(BpfMachine machine, int kfunc, in Arguments arguments);
}

/// <summary>Registers r1 to r5 of a call.</summary>
internal readonly record struct Arguments(ulong First, ulong Second, ulong Third, ulong Fourth, ulong Fifth);
