using System.Buffers.Binary;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>Addresses of maps and functions for a program's 64-bit loads (resolve_pseudo_ldimm64()).</summary>
/// <param name="system">Knows the descriptors.</param>
/// <param name="memory">Where the table of descriptors lies.</param>
/// <param name="descriptors">Address of that table; 0 when there is none.</param>
internal sealed class Constants(SystemCalls system, AddressSpace memory, ulong descriptors) : IConstants
{
    private const int MapDescriptor = 1, MapValue = 2, KernelSymbol = 3, Function = 4, MapIndex = 5, MapIndexValue = 6;

    /// <inheritdoc/>
    public long? Resolve(byte kind, int low, int high, int index) => kind switch
    {
        MapDescriptor => unchecked((long)Map(low).Handle.Address),
        MapValue => Value(Map(low), high),
        MapIndex => unchecked((long)Map(Descriptor(low)).Handle.Address),
        MapIndexValue => Value(Map(Descriptor(low)), high),
        // A weak symbol that the kernel does not have.
        KernelSymbol when low == 0 => 0,
        Function => BpfMachine.FunctionConstant(
            checked(index + 1 + Math.Clamp(low, -InstructionDecoder.MaxLength, InstructionDecoder.MaxLength))),
        _ => null,
    };

    private static long Value(BpfMap map, int offset)
    {
        if (map.Values is null || offset < 0 || offset >= map.Values.Bytes.Length)
            throw new BpfTrap(BpfRules.BadArgument, $"map {map.Name}", $"the program takes the address of its byte 0x{offset:x}");
        return unchecked((long)(map.Values.Address + (ulong)offset));
    }

    private BpfMap Map(int descriptor) =>
        system.Find<BpfMap>(descriptor) ?? throw new BpfTrap(BpfRules.BadArgument, "a load of a map", $"descriptor {descriptor} is none");

    private int Descriptor(int index) =>
        index >= 0 && index < 1024 && memory.TryRead(unchecked(descriptors + (ulong)(4 * index)), 4, out ReadOnlySpan<byte> entry)
            ? BinaryPrimitives.ReadInt32LittleEndian(entry)
            : throw new BpfTrap(BpfRules.BadArgument, "a load of a map", $"there is no descriptor {index} in the table");
}
