using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Machine;

internal sealed partial class BpfMachine
{
    // Kernels give may_goto loops this many rounds (BPF_MAX_LOOPS).
    private long _mayRounds = 8 << 20;

    // Runs until the frame that was current at the call ends. All arithmetic wraps, as the instruction set says (RFC 9669).
    private ulong Execute(int start)
    {
        unchecked
        {
            DecodedInstruction[] code = _program.Code;
            AddressSpace memory = Memory;
            int floor = _frame, pc = start;
            long budget = _budget;
            if (floor == 0)
                _registers[10] = _stacks[0].Address + StackSize;
            Span<ulong> r = _registers.AsSpan(floor * RegisterCount, RegisterCount);
            while (true)
            {
                ref readonly DecodedInstruction i = ref code[pc];
                _pc = pc;
                if (--budget < 0)
                {
                    _budget = 0;
                    throw new BpfTrap(BpfRules.Endless, $"{_wholeBudget} instructions");
                }
                pc++;
                ref ulong d = ref r[i.Destination];
                ulong s = i.IsImmediate ? (ulong)i.Immediate : r[i.Source];
                switch (i.Op)
                {
                    case Op.Add64: d += s; break;
                    case Op.Sub64: d -= s; break;
                    case Op.Mul64: d *= s; break;
                    case Op.Div64: d = s == 0 ? 0 : d / s; break;
                    case Op.SDiv64: d = s == 0 ? 0 : s == ulong.MaxValue ? 0 - d : (ulong)((long)d / (long)s); break;
                    case Op.Mod64: if (s != 0) d %= s; break;
                    case Op.SMod64: if (s != 0) d = s == ulong.MaxValue ? 0 : (ulong)((long)d % (long)s); break;
                    case Op.Or64: d |= s; break;
                    case Op.And64: d &= s; break;
                    case Op.Xor64: d ^= s; break;
                    case Op.Lsh64: d <<= (int)s & 63; break;
                    case Op.Rsh64: d >>= (int)s & 63; break;
                    case Op.Arsh64: d = (ulong)((long)d >> ((int)s & 63)); break;
                    case Op.Neg64: d = 0 - d; break;
                    case Op.Mov64: d = s; break;
                    case Op.MovSx8To64: d = (ulong)(sbyte)s; break;
                    case Op.MovSx16To64: d = (ulong)(short)s; break;
                    case Op.MovSx32To64: d = (ulong)(int)s; break;
                    case Op.Add32: d = (uint)((uint)d + (uint)s); break;
                    case Op.Sub32: d = (uint)((uint)d - (uint)s); break;
                    case Op.Mul32: d = (uint)((uint)d * (uint)s); break;
                    case Op.Div32: d = (uint)s == 0 ? 0 : (uint)d / (uint)s; break;
                    case Op.SDiv32: d = (uint)s == 0 ? 0 : (uint)s == uint.MaxValue ? (uint)(0 - (int)d) : (uint)((int)d / (int)s); break;
                    case Op.Mod32: d = (uint)s == 0 ? (uint)d : (uint)d % (uint)s; break;
                    case Op.SMod32: d = (uint)s == 0 ? (uint)d : (uint)s == uint.MaxValue ? 0 : (uint)((int)d % (int)s); break;
                    case Op.Or32: d = (uint)(d | s); break;
                    case Op.And32: d = (uint)(d & s); break;
                    case Op.Xor32: d = (uint)(d ^ s); break;
                    case Op.Lsh32: d = (uint)d << ((int)s & 31); break;
                    case Op.Rsh32: d = (uint)d >> ((int)s & 31); break;
                    case Op.Arsh32: d = (uint)((int)d >> ((int)s & 31)); break;
                    case Op.Neg32: d = (uint)(0 - (int)d); break;
                    case Op.Mov32: d = (uint)s; break;
                    case Op.MovSx8To32: d = (uint)(sbyte)s; break;
                    case Op.MovSx16To32: d = (uint)(short)s; break;
                    case Op.ToLittle16: d = (ushort)d; break;
                    case Op.ToLittle32: d = (uint)d; break;
                    case Op.ToBig16 or Op.Swap16: d = BinaryPrimitives.ReverseEndianness((ushort)d); break;
                    case Op.ToBig32 or Op.Swap32: d = BinaryPrimitives.ReverseEndianness((uint)d); break;
                    case Op.Swap64: d = BinaryPrimitives.ReverseEndianness(d); break;
                    case Op.Nop: break;

                    case Op.Jump: pc = i.Target; break;
                    case Op.JumpEqual: if (d == s) pc = i.Target; break;
                    case Op.JumpNotEqual: if (d != s) pc = i.Target; break;
                    case Op.JumpSet: if ((d & s) != 0) pc = i.Target; break;
                    case Op.JumpGreater: if (d > s) pc = i.Target; break;
                    case Op.JumpGreaterEqual: if (d >= s) pc = i.Target; break;
                    case Op.JumpLess: if (d < s) pc = i.Target; break;
                    case Op.JumpLessEqual: if (d <= s) pc = i.Target; break;
                    case Op.JumpSGreater: if ((long)d > (long)s) pc = i.Target; break;
                    case Op.JumpSGreaterEqual: if ((long)d >= (long)s) pc = i.Target; break;
                    case Op.JumpSLess: if ((long)d < (long)s) pc = i.Target; break;
                    case Op.JumpSLessEqual: if ((long)d <= (long)s) pc = i.Target; break;
                    case Op.Jump32Equal: if ((uint)d == (uint)s) pc = i.Target; break;
                    case Op.Jump32NotEqual: if ((uint)d != (uint)s) pc = i.Target; break;
                    case Op.Jump32Set: if ((uint)(d & s) != 0) pc = i.Target; break;
                    case Op.Jump32Greater: if ((uint)d > (uint)s) pc = i.Target; break;
                    case Op.Jump32GreaterEqual: if ((uint)d >= (uint)s) pc = i.Target; break;
                    case Op.Jump32Less: if ((uint)d < (uint)s) pc = i.Target; break;
                    case Op.Jump32LessEqual: if ((uint)d <= (uint)s) pc = i.Target; break;
                    case Op.Jump32SGreater: if ((int)d > (int)s) pc = i.Target; break;
                    case Op.Jump32SGreaterEqual: if ((int)d >= (int)s) pc = i.Target; break;
                    case Op.Jump32SLess: if ((int)d < (int)s) pc = i.Target; break;
                    case Op.Jump32SLessEqual: if ((int)d <= (int)s) pc = i.Target; break;
                    case Op.JumpMay: if (--_mayRounds < 0) pc = i.Target; break;

                    case Op.Load8: d = memory.Load(s + (ulong)i.Offset, 1); break;
                    case Op.Load16: d = Unsafe.ReadUnaligned<ushort>(ref memory.Load(s + (ulong)i.Offset, 2)); break;
                    case Op.Load32: d = Unsafe.ReadUnaligned<uint>(ref memory.Load(s + (ulong)i.Offset, 4)); break;
                    case Op.Load64: d = Unsafe.ReadUnaligned<ulong>(ref memory.Load(s + (ulong)i.Offset, 8)); break;
                    case Op.LoadS8: d = (ulong)(sbyte)memory.Load(s + (ulong)i.Offset, 1); break;
                    case Op.LoadS16: d = (ulong)Unsafe.ReadUnaligned<short>(ref memory.Load(s + (ulong)i.Offset, 2)); break;
                    case Op.LoadS32: d = (ulong)Unsafe.ReadUnaligned<int>(ref memory.Load(s + (ulong)i.Offset, 4)); break;
                    case Op.Store8: memory.Store(d + (ulong)i.Offset, 1) = (byte)s; break;
                    case Op.Store16: Unsafe.WriteUnaligned(ref memory.Store(d + (ulong)i.Offset, 2), (ushort)s); break;
                    case Op.Store32: Unsafe.WriteUnaligned(ref memory.Store(d + (ulong)i.Offset, 4), (uint)s); break;
                    case Op.Store64: Unsafe.WriteUnaligned(ref memory.Store(d + (ulong)i.Offset, 8), s); break;
                    case Op.Atomic32: Atomic32(in i, r); break;
                    case Op.Atomic64: Atomic64(in i, r); break;
                    case Op.LoadConstant: d = (ulong)i.Immediate; pc++; break;

                    case Op.CallHelper or Op.CallKfunc:
                        _budget = budget;
                        var arguments = new Arguments(r[1], r[2], r[3], r[4], r[5]);
                        ulong result = i.Op == Op.CallHelper
                            ? _environment.CallHelper(this, (int)i.Immediate, in arguments)
                            : _environment.CallKfunc(this, (int)i.Immediate, in arguments);
                        budget = _budget;
                        r.Slice(1, 5).Fill(Clobbered);
                        r[0] = result;
                        break;
                    case Op.CallLocal:
                        Enter(i.Target, pc);
                        Span<ulong> callee = _registers.AsSpan(_frame * RegisterCount, RegisterCount);
                        r.Slice(1, 5).CopyTo(callee[1..]);
                        r = callee;
                        pc = i.Target;
                        break;
                    case Op.Exit:
                        ulong value = r[0];
                        if (_frame == floor)
                        {
                            _budget = budget;
                            if (floor > 0)
                                _frame--;
                            return value;
                        }
                        pc = _returns[_frame--];
                        r = _registers.AsSpan(_frame * RegisterCount, RegisterCount);
                        r.Slice(1, 5).Fill(Clobbered);
                        r[0] = value;
                        break;
                    default:
                        throw new BpfTrap(BpfRules.BadInstruction, _pc, "?", "it is the second half of another");
                }
            }
        }
    }

    private void Atomic32(in DecodedInstruction i, Span<ulong> r)
    {
        unchecked
        {
            ref byte place = ref Aligned(r[i.Destination] + (ulong)i.Offset, 4);
            uint old = Unsafe.ReadUnaligned<uint>(ref place), operand = (uint)r[i.Source];
            uint value = i.Immediate == 0xF1 && old != (uint)r[0] ? old : (uint)Combine(i.Immediate, old, operand);
            Unsafe.WriteUnaligned(ref place, value);
            Fetch(i, r, old);
        }
    }

    private void Atomic64(in DecodedInstruction i, Span<ulong> r)
    {
        unchecked
        {
            ref byte place = ref Aligned(r[i.Destination] + (ulong)i.Offset, 8);
            ulong old = Unsafe.ReadUnaligned<ulong>(ref place);
            ulong value = i.Immediate == 0xF1 && old != r[0] ? old : Combine(i.Immediate, old, r[i.Source]);
            Unsafe.WriteUnaligned(ref place, value);
            Fetch(i, r, old);
        }
    }

    private static void Fetch(in DecodedInstruction i, Span<ulong> r, ulong old)
    {
        if (i.Immediate == 0xF1)
            r[0] = old;
        else if ((i.Immediate & 1) != 0)
            r[i.Source] = old;
    }

    private static ulong Combine(long operation, ulong old, ulong operand) => unchecked((operation & 0xF0) switch
    {
        0x00 => old + operand,
        0x40 => old | operand,
        0x50 => old & operand,
        0xA0 => old ^ operand,
        _ => operand,
    });

    private ref byte Aligned(ulong address, int size)
    {
        ref byte place = ref Memory.Store(address, size);
        Region region = Memory.Find(address, out ulong offset)!;
        if (offset % (ulong)size != 0)
            throw new BpfTrap(BpfRules.Misaligned, size, offset, region.Name);
        return ref place;
    }
}
