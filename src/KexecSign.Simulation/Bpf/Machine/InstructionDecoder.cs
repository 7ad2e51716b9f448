using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>
/// Turns slots into what the machine runs, and refuses what no kernel takes (kernel/bpf/verifier.c: reserved fields,
/// registers, constants of divisions and shifts, jump targets). Instruction set version 4, without the socket filters'
/// packet loads.
/// </summary>
internal static class InstructionDecoder
{
    /// <summary>Most slots of a privileged program (BPF_COMPLEXITY_LIMIT_INSNS).</summary>
    public const int MaxLength = 1_000_000;

    private const int FramePointer = 10;

    /// <summary>Decodes a whole program; what a 64-bit load means is <paramref name="constants"/>' matter.</summary>
    /// <exception cref="BpfTrap">KS4550, and what <paramref name="constants"/> raises.</exception>
    public static DecodedInstruction[] Decode(ReadOnlySpan<BpfInstruction> slots, IConstants constants)
    {
        if (slots.IsEmpty || slots.Length > MaxLength)
            throw new BpfTrap(BpfRules.BadInstruction, 0, "none", $"a program has 1 to {MaxLength} instructions, this one {slots.Length}");
        var decoded = new DecodedInstruction[slots.Length];
        for (int i = 0; i < slots.Length; i++)
        {
            try
            {
                bool isWide = slots[i].Opcode == BpfInstruction.LoadImmediate64;
                decoded[i] = isWide ? DecodeWide(slots, i, constants) : DecodeOne(slots[i], i);
                if (isWide)
                    i++;
            }
            catch (Malformed malformed)
            {
                throw new BpfTrap(BpfRules.BadInstruction, i, Disassembler.Show(slots, i), malformed.Message);
            }
        }
        CheckTargets(slots, decoded);
        return decoded;
    }

    private static DecodedInstruction DecodeWide(ReadOnlySpan<BpfInstruction> slots, int index, IConstants constants)
    {
        BpfInstruction low = slots[index];
        Require(index + 1 < slots.Length && slots[index + 1] is { Opcode: 0, Destination: 0, Source: 0, Offset: 0 } && low.Offset == 0,
            "its second half is missing");
        RequireWritable(low.Destination);
        int high = slots[index + 1].Immediate;
        long value = low.Source == 0
            ? unchecked((long)((uint)low.Immediate | ((ulong)(uint)high << 32)))
            : constants.Resolve(low.Source, low.Immediate, high, index)
                ?? throw new Malformed($"what it loads (kind {low.Source}) is not known here");
        return new() { Op = Op.LoadConstant, Destination = low.Destination, Immediate = value };
    }

    private static DecodedInstruction DecodeOne(BpfInstruction slot, int index)
    {
        DecodedInstruction decoded = new()
        {
            Destination = slot.Destination,
            Source = slot.Source,
            Offset = slot.Offset,
            Immediate = slot.Immediate,
        };
        Require(slot.Destination <= FramePointer && (slot.Source <= FramePointer), "there is no such register");
        decoded.Op = (slot.Opcode & 7) switch
        {
            1 => Load(slot),
            2 or 3 => Store(slot, ref decoded),
            4 or 7 => Arithmetic(slot, ref decoded),
            5 or 6 => JumpOrCall(slot, index, ref decoded),
            _ => throw new Malformed("a packet load, which only socket filters have"),
        };
        return decoded;
    }

    private static Op Load(BpfInstruction slot)
    {
        Require(slot.Immediate == 0, "reserved fields are not zero");
        RequireWritable(slot.Destination);
        return slot.Opcode switch
        {
            0x71 => Op.Load8,
            0x69 => Op.Load16,
            0x61 => Op.Load32,
            0x79 => Op.Load64,
            0x91 => Op.LoadS8,
            0x89 => Op.LoadS16,
            0x81 => Op.LoadS32,
            _ => throw new Malformed("there is no such load"),
        };
    }

    private static Op Store(BpfInstruction slot, ref DecodedInstruction decoded)
    {
        if (slot.Opcode is 0xC3 or 0xDB)
        {
            Require(IsAtomic(slot.Immediate), "there is no such atomic operation");
            Require((slot.Immediate & 1) == 0 || slot.Immediate == 0xF1 || slot.Source != FramePointer,
                "the frame pointer cannot be written");
            return slot.Opcode == 0xC3 ? Op.Atomic32 : Op.Atomic64;
        }
        decoded.IsImmediate = (slot.Opcode & 7) == 2;
        Require(decoded.IsImmediate ? slot.Source == 0 : slot.Immediate == 0, "reserved fields are not zero");
        return (slot.Opcode & ~1) switch
        {
            0x72 => Op.Store8,
            0x6A => Op.Store16,
            0x62 => Op.Store32,
            0x7A => Op.Store64,
            _ => throw new Malformed("there is no such store"),
        };
    }

    private static bool IsAtomic(int operation) =>
        operation is 0x00 or 0x01 or 0x40 or 0x41 or 0x50 or 0x51 or 0xA0 or 0xA1 or 0xE1 or 0xF1;

    private static Op Arithmetic(BpfInstruction slot, ref DecodedInstruction decoded)
    {
        bool wide = (slot.Opcode & 7) == 7;
        int code = slot.Opcode >> 4;
        RequireWritable(slot.Destination);
        if (code == 13)
            return ByteSwap(slot, wide);
        decoded.IsImmediate = (slot.Opcode & 8) == 0;
        if (code == 8)
        {
            Require(decoded.IsImmediate && slot is { Immediate: 0, Source: 0, Offset: 0 }, "reserved fields are not zero");
            return wide ? Op.Neg64 : Op.Neg32;
        }
        Require(decoded.IsImmediate ? slot.Source == 0 : slot.Immediate == 0, "reserved fields are not zero");
        if (code == 11)
            return Move(slot, wide, decoded.IsImmediate);
        bool signed = slot.Offset == 1 && code is 3 or 9;
        Require(slot.Offset == 0 || signed, "reserved fields are not zero");
        if (decoded.IsImmediate && code is 3 or 9)
            Require(slot.Immediate != 0, "division by the constant zero");
        if (decoded.IsImmediate && code is 6 or 7 or 12)
            Require(slot.Immediate >= 0 && slot.Immediate < (wide ? 64 : 32), "the shift is wider than the register");
        Op op = code switch
        {
            0 => Op.Add64,
            1 => Op.Sub64,
            2 => Op.Mul64,
            3 => signed ? Op.SDiv64 : Op.Div64,
            4 => Op.Or64,
            5 => Op.And64,
            6 => Op.Lsh64,
            7 => Op.Rsh64,
            9 => signed ? Op.SMod64 : Op.Mod64,
            10 => Op.Xor64,
            12 => Op.Arsh64,
            _ => throw new Malformed("there is no such operation"),
        };
        return wide ? op : (Op)(op - Op.Add64 + (int)Op.Add32);
    }

    private static Op Move(BpfInstruction slot, bool wide, bool isImmediate)
    {
        if (slot.Offset == 0)
            return wide ? Op.Mov64 : Op.Mov32;
        Require(!isImmediate, "a constant is not sign-extended");
        return (wide, slot.Offset) switch
        {
            (true, 8) => Op.MovSx8To64,
            (true, 16) => Op.MovSx16To64,
            (true, 32) => Op.MovSx32To64,
            (false, 8) => Op.MovSx8To32,
            (false, 16) => Op.MovSx16To32,
            _ => throw new Malformed("there is no such sign extension"),
        };
    }

    private static Op ByteSwap(BpfInstruction slot, bool wide)
    {
        bool toBig = (slot.Opcode & 8) != 0;
        Require(slot.Source == 0 && slot.Offset == 0 && !(wide && toBig), "reserved fields are not zero");
        return (wide, toBig, slot.Immediate) switch
        {
            (false, false, 16) => Op.ToLittle16,
            (false, false, 32) => Op.ToLittle32,
            (false, false, 64) => Op.Nop,
            (false, true, 16) => Op.ToBig16,
            (false, true, 32) => Op.ToBig32,
            (false, true, 64) => Op.Swap64,
            (true, _, 16) => Op.Swap16,
            (true, _, 32) => Op.Swap32,
            (true, _, 64) => Op.Swap64,
            _ => throw new Malformed("there is no such width"),
        };
    }

    private static Op JumpOrCall(BpfInstruction slot, int index, ref DecodedInstruction decoded)
    {
        bool wide = (slot.Opcode & 7) == 5;
        int code = slot.Opcode >> 4;
        bool isRegister = (slot.Opcode & 8) != 0;
        switch (code)
        {
            case 0:
                Require(!isRegister && slot is { Destination: 0, Source: 0 } && (wide ? slot.Immediate == 0 : slot.Offset == 0),
                    "reserved fields are not zero");
                decoded.Target = Reach(index, wide ? slot.Offset : slot.Immediate);
                return Op.Jump;
            case 8:
                Require(wide && !isRegister && slot.Destination == 0, "reserved fields are not zero");
                return CallOf(slot, index, ref decoded);
            case 9:
                Require(wide && !isRegister && slot is { Destination: 0, Source: 0, Offset: 0, Immediate: 0 },
                    "reserved fields are not zero");
                return Op.Exit;
            case 14:
                Require(wide && !isRegister && slot is { Destination: 0, Source: 0, Immediate: 0 }, "reserved fields are not zero");
                decoded.Target = Reach(index, slot.Offset);
                return Op.JumpMay;
        }
        decoded.IsImmediate = !isRegister;
        Require(isRegister ? slot.Immediate == 0 : slot.Source == 0, "reserved fields are not zero");
        decoded.Target = Reach(index, slot.Offset);
        Op op = code switch
        {
            1 => Op.JumpEqual,
            2 => Op.JumpGreater,
            3 => Op.JumpGreaterEqual,
            4 => Op.JumpSet,
            5 => Op.JumpNotEqual,
            6 => Op.JumpSGreater,
            7 => Op.JumpSGreaterEqual,
            10 => Op.JumpLess,
            11 => Op.JumpLessEqual,
            12 => Op.JumpSLess,
            13 => Op.JumpSLessEqual,
            _ => throw new Malformed("there is no such jump"),
        };
        return wide ? op : (Op)(op - Op.JumpEqual + (int)Op.Jump32Equal);
    }

    private static Op CallOf(BpfInstruction slot, int index, ref DecodedInstruction decoded)
    {
        switch (slot.Source)
        {
            case 0:
                Require(slot.Offset == 0, "reserved fields are not zero");
                return Op.CallHelper;
            case 1:
                Require(slot.Offset == 0, "reserved fields are not zero");
                decoded.Target = Reach(index, slot.Immediate);
                return Op.CallLocal;
            case 2:
                return Op.CallKfunc;
            default:
                throw new Malformed("there is no such kind of call");
        }
    }

    private static void CheckTargets(ReadOnlySpan<BpfInstruction> slots, DecodedInstruction[] decoded)
    {
        for (int i = 0; i < decoded.Length; i++)
        {
            Op op = decoded[i].Op;
            if (op is (>= Op.Jump and <= Op.JumpMay) or Op.CallLocal
                && (decoded[i].Target >= decoded.Length || decoded[decoded[i].Target].Op == Op.None))
                throw new BpfTrap(BpfRules.BadInstruction, i, Disassembler.Show(slots, i),
                    "it leaves the program or goes into the middle of an instruction");
        }
        if (decoded[^1].Op is not (Op.Exit or Op.Jump))
            throw new BpfTrap(BpfRules.BadInstruction, decoded.Length - 1, Disassembler.Show(slots, decoded.Length - 1),
                "the program runs past its end");
    }

    private static int Reach(int index, int distance)
    {
        long target = (long)index + 1 + distance;
        Require(target is >= 0 and < MaxLength, "it leaves the program");
        return (int)target;
    }

    private static void RequireWritable(byte register) => Require(register < FramePointer, "the frame pointer cannot be written");

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new Malformed(otherwise);
    }

    private sealed class Malformed(string what) : Exception(what);
}

/// <summary>Says what the 64-bit loads of maps, functions and kernel symbols mean.</summary>
internal interface IConstants
{
    /// <summary>The value; null when this kind is not known.</summary>
    /// <param name="kind">BPF_PSEUDO_*: 1 map by descriptor, 2 its value, 3 kernel symbol, 4 function, 5 map by index, 6 its value.</param>
    /// <param name="low">First immediate.</param>
    /// <param name="high">Second immediate.</param>
    /// <param name="index">Slot of the load, which functions are relative to.</param>
    long? Resolve(byte kind, int low, int high, int index);
}
