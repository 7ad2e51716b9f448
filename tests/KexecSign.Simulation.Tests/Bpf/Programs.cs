using KexecSign.Simulation.Bpf;
using KexecSign.Simulation.Bpf.Machine;

namespace KexecSign.Simulation.Tests.Bpf;

/// <summary>Runs bare programs: no maps, no kernel around them.</summary>
internal static class Programs
{
    public static BpfRun Run(byte[] bytes, long budget = BpfMachine.DefaultBudget, BpfEnvironment? environment = null)
    {
        try
        {
            var program = new BpfProgram("test", BpfInstruction.ReadAll(bytes), new NoConstants());
            return new BpfMachine(program, new AddressSpace(), environment ?? new NoKernel(), budget).Run(0);
        }
        catch (BpfTrap trap)
        {
            return new(0, trap.Fault);
        }
    }

    public static BpfFault FaultOf(params string[] lines) => Run(Assembler.Assemble(lines), 100_000).Fault.ShouldNotBeNull();

    private sealed class NoConstants : IConstants
    {
        public long? Resolve(byte kind, int low, int high, int index) => kind == 4 ? BpfMachine.FunctionConstant(index + 1 + low) : null;
    }

    /// <summary>Helper 1 hands out what helper 2 takes back.</summary>
    private sealed class NoKernel : BpfEnvironment
    {
        public override ulong CallHelper(BpfMachine machine, int helper, in Arguments arguments)
        {
            switch (helper)
            {
                case 1:
                    ulong address = machine.Memory.Add(new() { Name = "an object", Bytes = new byte[8], Access = RegionAccess.ReadWrite }).Address;
                    machine.Hold(address, "an object", this);
                    return address;
                case 2:
                    machine.Release<NoKernel>(arguments.First, "helper 2");
                    machine.Memory.Free(machine.Memory.Find(arguments.First, out _)!);
                    return 0;
                default:
                    return machine.CallBack(arguments.First, 1, 2);
            }
        }

        public override ulong CallKfunc(BpfMachine machine, int kfunc, in Arguments arguments) => 0;
    }
}
