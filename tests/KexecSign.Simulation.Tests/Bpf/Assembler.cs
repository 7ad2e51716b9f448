using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;

namespace KexecSign.Simulation.Tests.Bpf;

/// <summary>Assembles the text that llvm-mc takes for the bpf target, so that vectors run where no LLVM is.</summary>
internal static partial class Assembler
{
    private static readonly string[] Arithmetic = ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "", "%=", "^=", "=", "s>>="];
    private static readonly string[] Comparisons = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="];

    public static byte[] Assemble(params IEnumerable<string> lines) => [.. lines.SelectMany(line => Line(line.Trim()))];

    private static byte[] Line(string line)
    {
        if (line == "exit")
            return Slot(0x95);
        if (Match(Wide(), line) is { } wide)
        {
            long value = Number(wide.Groups[2].Value);
            return [.. Slot(0x18, Register(wide.Groups[1]), 0, 0, unchecked((int)value)), .. Slot(0, 0, 0, 0, (int)(value >> 32))];
        }
        if (Match(Goto(), line) is { } jump)
            return jump.Groups[1].Value == "gotol"
                ? Slot(0x06, 0, 0, 0, (int)Number(jump.Groups[2].Value))
                : Slot(0x05, 0, 0, (short)Number(jump.Groups[2].Value), 0);
        if (Match(Call(), line) is { } call)
            return call.Groups[1].Value[0] is '+' or '-'
                ? Slot(0x85, 0, 1, 0, (int)Number(call.Groups[1].Value))
                : Slot(0x85, 0, 0, 0, (int)Number(call.Groups[1].Value));
        if (Match(If(), line) is { } condition)
            return WithOperand(
                (Array.IndexOf(Comparisons, condition.Groups[3].Value) << 4) | (condition.Groups[1].Value == "w" ? 6 : 5),
                Register(condition.Groups[2]), condition.Groups[4].Value, (short)Number(condition.Groups[5].Value));
        if (Match(Load(), line) is { } load)
            return Slot(Width(load.Groups[3].Value) | (load.Groups[2].Value == "s" ? 0x81 : 0x61), Register(load.Groups[1]), Register(load.Groups[4]), Offset(load.Groups[5]), 0);
        if (Match(Store(), line) is { } store)
        {
            string value = store.Groups[4].Value;
            int width = Width(store.Groups[1].Value);
            return value[0] is 'r' or 'w'
                ? Slot(width | 0x63, Register(store.Groups[2]), int.Parse(value[1..], CultureInfo.InvariantCulture), Offset(store.Groups[3]), 0)
                : Slot(width | 0x62, Register(store.Groups[2]), 0, Offset(store.Groups[3]), (int)Number(value));
        }
        if (Match(Atomics(), line) is { } atomic)
            return Slot(Width(atomic.Groups[1].Value) | 0xC3, Register(atomic.Groups[2]), Register(atomic.Groups[5]), Offset(atomic.Groups[3]), Array.IndexOf(Arithmetic, atomic.Groups[4].Value) << 4);
        if (Match(Fetch(), line) is { } fetch)
        {
            int operation = fetch.Groups[1].Value switch { "add" => 0, "or" => 0x40, "and" => 0x50, _ => 0xA0 };
            return Slot(Width(fetch.Groups[2].Value) | 0xC3, Register(fetch.Groups[3]), Register(fetch.Groups[5]), Offset(fetch.Groups[4]), operation | 1);
        }
        if (Match(Exchange(), line) is { } exchange)
            return Slot(exchange.Groups[2].Value == "64" ? 0xDB : 0xC3, Register(exchange.Groups[3]), Register(exchange.Groups[5]), Offset(exchange.Groups[4]), exchange.Groups[1].Value == "xchg" ? 0xE1 : 0xF1);
        if (Match(Swap(), line) is { } swap)
            return Slot(swap.Groups[2].Value switch { "le" => 0xD4, "be" => 0xDC, _ => 0xD7 }, Register(swap.Groups[1]), 0, 0, (int)Number(swap.Groups[3].Value));
        if (Match(Negate(), line) is { } negate)
            return Slot(negate.Groups[1].Value == "w" ? 0x84 : 0x87, Register(negate.Groups[2]));
        if (Match(Extend(), line) is { } extend)
            return Slot(extend.Groups[1].Value == "w" ? 0xBC : 0xBF, Register(extend.Groups[2]), Register(extend.Groups[4]), (short)Number(extend.Groups[3].Value), 0);
        if (Match(Alu(), line) is { } alu)
        {
            bool signed = alu.Groups[3].Value is "s/=" or "s%=";
            int code = Array.IndexOf(Arithmetic, signed ? alu.Groups[3].Value[1..] : alu.Groups[3].Value);
            return WithOperand((code << 4) | (alu.Groups[1].Value == "w" ? 4 : 7), Register(alu.Groups[2]), alu.Groups[4].Value, (short)(signed ? 1 : 0));
        }
        throw new FormatException($"no such instruction: {line}");
    }

    private static byte[] WithOperand(int opcode, int destination, string operand, short offset) => operand[0] is 'r' or 'w'
        ? Slot(opcode | 8, destination, int.Parse(operand[1..], CultureInfo.InvariantCulture), offset, 0)
        : Slot(opcode, destination, 0, offset, unchecked((int)Number(operand)));

    private static byte[] Slot(int opcode, int destination = 0, int source = 0, short offset = 0, int immediate = 0)
    {
        byte[] slot = [(byte)opcode, (byte)(destination | (source << 4)), 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt16LittleEndian(slot.AsSpan(2), offset);
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(4), immediate);
        return slot;
    }

    private static int Width(string bits) => bits switch { "8" => 0x10, "16" => 0x08, "32" => 0, _ => 0x18 };

    private static int Register(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    private static short Offset(Group group) => (short)Number(group.Value.Replace(" ", "", StringComparison.Ordinal));

    private static long Number(string text)
    {
        bool negative = text.StartsWith('-');
        string digits = text.TrimStart('+', '-');
        ulong value = digits.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(digits.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.Parse(digits, CultureInfo.InvariantCulture);
        return unchecked(negative ? -(long)value : (long)value);
    }

    private static Match? Match(Regex regex, string line) => regex.Match(line) is { Success: true } match ? match : null;

    [GeneratedRegex(@"^r(\d+) = (\S+) ll$")]
    private static partial Regex Wide();

    [GeneratedRegex(@"^(gotol?) (\S+)$")]
    private static partial Regex Goto();

    [GeneratedRegex(@"^call (\S+)$")]
    private static partial Regex Call();

    [GeneratedRegex(@"^if ([rw])(\d+) (\S+) (\S+) goto (\S+)$")]
    private static partial Regex If();

    [GeneratedRegex(@"^r(\d+) = \*\(([us])(\d+) \*\)\(r(\d+) ([+-] \d+)\)$")]
    private static partial Regex Load();

    [GeneratedRegex(@"^\*\(u(\d+) \*\)\(r(\d+) ([+-] \d+)\) = (\S+)$")]
    private static partial Regex Store();

    [GeneratedRegex(@"^lock \*\(u(\d+) \*\)\(r(\d+) ([+-] \d+)\) (\S+) r(\d+)$")]
    private static partial Regex Atomics();

    [GeneratedRegex(@"^[rw]\d+ = atomic_fetch_(\w+)\(\(u(\d+) \*\)\(r(\d+) ([+-] \d+)\), [rw](\d+)\)$")]
    private static partial Regex Fetch();

    [GeneratedRegex(@"^[rw]\d+ = (cmpxchg|xchg)(?:32)?_(\d+)\(r(\d+) ([+-] \d+)(?:, [rw]0)?, [rw](\d+)\)$")]
    private static partial Regex Exchange();

    [GeneratedRegex(@"^r(\d+) = (le|be|bswap)(\d+) r\1$")]
    private static partial Regex Swap();

    [GeneratedRegex(@"^([rw])(\d+) = -[rw]\2$")]
    private static partial Regex Negate();

    [GeneratedRegex(@"^([rw])(\d+) = \(s(\d+)\)[rw](\d+)$")]
    private static partial Regex Extend();

    [GeneratedRegex(@"^([rw])(\d+) (\S*=) (\S+)$")]
    private static partial Regex Alu();
}
