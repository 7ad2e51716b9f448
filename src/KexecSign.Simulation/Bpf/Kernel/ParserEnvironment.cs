using KexecSign.Simulation.Bpf.Btf;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Bpf.Skeleton;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>What a parser finds around it: helpers, and the kfuncs of the series.</summary>
internal sealed class ParserEnvironment(KexecRun kernel, LoadedProgram program, ArmedParser parser) : BpfEnvironment
{
    public override ulong CallHelper(BpfMachine machine, int helper, in Arguments arguments)
    {
        if (helper == CoreRelocations.Poison && program.Missing.TryGetValue(machine.Here.Instruction, out string? missing))
            throw new BpfTrap(BpfRules.NoField, missing, kernel.Series.Name);
        return ParserCalls.Call(kernel, parser, program.Program.Name, machine, helper, in arguments);
    }

    public override ulong CallKfunc(BpfMachine machine, int kfunc, in Arguments arguments)
    {
        KernelFunction function = Array.Find(kernel.Series.Functions, f => f.Id == kfunc)
            ?? throw new BpfTrap(BpfRules.BadArgument, "a weak kernel function", $"series {kernel.Series.Name} does not have it");
        return kernel.CallKfunc(machine, program.Program.Name, function.Name, in arguments);
    }
}
