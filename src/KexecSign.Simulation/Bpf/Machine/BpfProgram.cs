namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>A program ready to run.</summary>
internal sealed class BpfProgram
{
    private readonly BpfInstruction[] _slots;
    private readonly Func<int, string?>? _sourceOf;

    public BpfProgram(string name, BpfInstruction[] slots, IConstants constants, Func<int, string?>? sourceOf = null)
    {
        Name = name;
        _slots = slots;
        _sourceOf = sourceOf;
        Code = InstructionDecoder.Decode(slots, constants);
    }

    public string Name { get; }

    public DecodedInstruction[] Code { get; }

    public BpfLocation At(int instruction) =>
        new(Name, instruction, Disassembler.Show(_slots, instruction), _sourceOf?.Invoke(instruction));
}
