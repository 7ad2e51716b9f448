namespace KexecSign.Simulation.Bpf.Machine;

internal sealed partial class BpfMachine
{
    private readonly int[] _entries = new int[MaxFrames];
    private readonly Dictionary<int, int> _stackUse = [];

    // The verifier adds up what each function of a chain of calls uses of its stack, in steps of 32 bytes (check_max_stack_depth()).
    private int StackUse(int entry)
    {
        if (_stackUse.TryGetValue(entry, out int known))
            return known;
        int lowest = 0;
        DecodedInstruction[] code = _program.Code;
        int end = code.Length;
        foreach (DecodedInstruction instruction in code)
        {
            if (instruction.Op == Op.CallLocal && instruction.Target > entry)
                end = Math.Min(end, instruction.Target);
        }
        for (int i = entry; i < end; i++)
        {
            ref DecodedInstruction instruction = ref code[i];
            bool through = instruction.Op switch
            {
                >= Op.Load8 and <= Op.LoadS32 => instruction.Source == 10,
                >= Op.Store8 and <= Op.Atomic64 => instruction.Destination == 10,
                _ => false,
            };
            if (through)
                lowest = Math.Min(lowest, instruction.Offset);
            // The address of a buffer: rX = r10, rX += -N.
            if (instruction is { Op: Op.Mov64, IsImmediate: false, Source: 10 } && i + 1 < end
                && code[i + 1] is { Op: Op.Add64, IsImmediate: true, Immediate: < 0 and >= -StackSize } add
                    && add.Destination == instruction.Destination)
                lowest = Math.Min(lowest, (int)add.Immediate);
        }
        return _stackUse[entry] = (Math.Max(-lowest, 1) + 31) & ~31;
    }
}
