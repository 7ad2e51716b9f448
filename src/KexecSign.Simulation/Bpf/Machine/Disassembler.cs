using System.Globalization;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>Shows instructions the way the kernel's verifier log and llvm-objdump do.</summary>
internal static class Disassembler
{
    private static readonly string[] Operators = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "", "%=", "^=", "=", "s>>="];
    private static readonly string[] Comparisons = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="];
    private static readonly string[] Loads = ["(void *)", "map fd ", "map value fd ", "btf id ", "function ", "map ", "map value "];

    /// <summary>One instruction; never fails, whatever the bytes are.</summary>
    public static string Show(ReadOnlySpan<BpfInstruction> slots, int index)
    {
        if (index < 0 || index >= slots.Length)
            return "?";
        BpfInstruction i = slots[index];
        string text = (i.Opcode & 7) switch
        {
            0 => Wide(slots, index),
            1 => $"r{i.Destination} = *({(i.Opcode >= 0x80 ? 's' : 'u')}{Width(i.Opcode)} *)(r{i.Source} {Signed(i.Offset)})",
            2 => $"*(u{Width(i.Opcode)} *)(r{i.Destination} {Signed(i.Offset)}) = {i.Immediate}",
            3 when i.Opcode >= 0xC0 => Atomic(i),
            3 => $"*(u{Width(i.Opcode)} *)(r{i.Destination} {Signed(i.Offset)}) = r{i.Source}",
            4 => Arithmetic(i, 'w'),
            7 => Arithmetic(i, 'r'),
            5 => Jump(i, 'r'),
            _ => Jump(i, 'w'),
        };
        return text;
    }

    private static string Wide(ReadOnlySpan<BpfInstruction> slots, int index)
    {
        BpfInstruction i = slots[index];
        if (i.Opcode != BpfInstruction.LoadImmediate64)
            return Raw(i);
        uint low = unchecked((uint)i.Immediate), high = index + 1 < slots.Length ? unchecked((uint)slots[index + 1].Immediate) : 0;
        string what = i.Source < Loads.Length ? Loads[i.Source] : "? ";
        return i.Source is 2 or 6
            ? string.Create(CultureInfo.InvariantCulture, $"r{i.Destination} = {what}{low} + {high}")
            : string.Create(CultureInfo.InvariantCulture, $"r{i.Destination} = {what}0x{((ulong)high << 32) | low:x}");
    }

    private static string Arithmetic(BpfInstruction i, char register)
    {
        int code = i.Opcode >> 4;
        string source = (i.Opcode & 8) != 0 ? $"{register}{i.Source}" : i.Immediate.ToString(CultureInfo.InvariantCulture);
        if (code == 13)
            return $"r{i.Destination} = {((i.Opcode & 7) == 7 ? "bswap" : (i.Opcode & 8) != 0 ? "be" : "le")}{i.Immediate} r{i.Destination}";
        if (code == 8)
            return $"{register}{i.Destination} = -{register}{i.Destination}";
        if (code == 11 && i.Offset != 0)
            return $"{register}{i.Destination} = (s{i.Offset}){source}";
        return code < Operators.Length ? $"{register}{i.Destination} {(i.Offset == 1 ? "s" : "")}{Operators[code]} {source}" : Raw(i);
    }

    private static string Jump(BpfInstruction i, char register)
    {
        int code = i.Opcode >> 4;
        string source = (i.Opcode & 8) != 0 ? $"{register}{i.Source}" : i.Immediate.ToString(CultureInfo.InvariantCulture);
        return code switch
        {
            0 => $"goto {Signed(register == 'r' ? i.Offset : i.Immediate)}",
            8 => i.Source switch
            {
                0 => $"call {HelperNames.Of(i.Immediate)}#{i.Immediate}",
                1 => $"call pc{Signed(i.Immediate)}",
                _ => $"call kernel-function#{i.Immediate}",
            },
            9 => "exit",
            14 => $"may_goto {Signed(i.Offset)}",
            < 14 => $"if {register}{i.Destination} {Comparisons[code]} {source} goto {Signed(i.Offset)}",
            _ => Raw(i),
        };
    }

    private static string Atomic(BpfInstruction i)
    {
        string place = $"*(u{Width(i.Opcode)} *)(r{i.Destination} {Signed(i.Offset)})";
        return i.Immediate switch
        {
            0xE1 => $"r{i.Source} = xchg({place}, r{i.Source})",
            0xF1 => $"r0 = cmpxchg({place}, r0, r{i.Source})",
            _ => ((i.Immediate & 1) != 0 ? $"r{i.Source} = fetch " : "lock ")
                + $"{place} {Operators[Math.Min((i.Immediate >> 4) & 0xF, 12)]} r{i.Source}",
        };
    }

    private static int Width(byte opcode) => ((opcode >> 3) & 3) switch { 0 => 32, 1 => 16, 2 => 8, _ => 64 };

    private static string Signed(int value) => value.ToString("+0;-0;+0", CultureInfo.InvariantCulture);

    private static string Raw(BpfInstruction i) =>
        string.Create(CultureInfo.InvariantCulture, $".byte 0x{i.Opcode:x2} r{i.Destination} r{i.Source} {i.Offset} {i.Immediate}");
}
