namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>An instruction as the machine runs it; the index is that of its slot, so that jumps need no table.</summary>
internal struct DecodedInstruction
{
    public Op Op;
    public byte Destination;
    public byte Source;

    /// <summary>Whether the second operand is <see cref="Immediate"/>.</summary>
    public bool IsImmediate;

    /// <summary>Memory offset in bytes.</summary>
    public short Offset;

    /// <summary>Slot that a jump or local call goes to.</summary>
    public int Target;

    /// <summary>Constant, sign-extended; helper number, kfunc id or atomic operation.</summary>
    public long Immediate;
}
