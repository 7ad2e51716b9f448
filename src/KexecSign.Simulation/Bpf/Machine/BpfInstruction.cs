using System.Buffers.Binary;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>
/// One slot of eight bytes, little-endian: opcode, registers (destination in the low four bits), offset, immediate
/// (include/uapi/linux/bpf.h, <c>struct bpf_insn</c>). A 64-bit load takes two slots.
/// </summary>
/// <param name="Opcode">Class in the low three bits.</param>
/// <param name="Destination">0 to 15; only 0 to 10 exist.</param>
/// <param name="Source">A register, or what kind of constant or call it is.</param>
/// <param name="Offset">Jump distance in slots, or memory offset in bytes.</param>
/// <param name="Immediate">Constant, helper number, jump distance of a long jump.</param>
public readonly record struct BpfInstruction(byte Opcode, byte Destination, byte Source, short Offset, int Immediate)
{
    /// <summary>Length of a slot in bytes.</summary>
    public const int Size = 8;

    /// <summary>A load of 64 bits takes this slot and the next.</summary>
    internal const byte LoadImmediate64 = 0x18;

    /// <summary>Opcode of every call.</summary>
    internal const byte Call = 0x85;

    /// <summary>Reads a program; what is left behind the last whole slot is ignored.</summary>
    public static BpfInstruction[] ReadAll(ReadOnlySpan<byte> bytes)
    {
        var slots = new BpfInstruction[bytes.Length / Size];
        for (int i = 0; i < slots.Length; i++)
        {
            ReadOnlySpan<byte> slot = bytes.Slice(i * Size, Size);
            slots[i] = new(
                slot[0], (byte)(slot[1] & 0xF), (byte)(slot[1] >> 4),
                BinaryPrimitives.ReadInt16LittleEndian(slot[2..]), BinaryPrimitives.ReadInt32LittleEndian(slot[4..]));
        }
        return slots;
    }
}
