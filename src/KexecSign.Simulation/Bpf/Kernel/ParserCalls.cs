using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Bpf.Skeleton;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>
/// Helpers of a tracing program, as far as parsers have use for them (kernel/trace/bpf_trace.c, kernel/bpf/helpers.c, ringbuf.c).
/// </summary>
internal static class ParserCalls
{
    private const int RingHeader = 8;
    // RINGBUF_MAX_RECORD_SZ.
    private const ulong MaxRecord = uint.MaxValue / 4;
    private const ulong MaxRounds = 1 << 23;
    private const int MaxText = 512;

    /// <summary>Whether a parser may call a helper.</summary>
    public static bool Knows(int helper) =>
        helper is HelperNames.MapLookup or HelperNames.MapUpdate or HelperNames.ProbeRead or HelperNames.KtimeGetNs
        or HelperNames.TracePrintk or HelperNames.RandomU32 or HelperNames.ProcessorId or HelperNames.ProbeReadStr
            or HelperNames.ProbeReadUser
        or HelperNames.ProbeReadKernel or HelperNames.ProbeReadUserStr or HelperNames.ProbeReadKernelStr or HelperNames.RingbufOutput
        or HelperNames.RingbufReserve or HelperNames.RingbufSubmit or HelperNames.RingbufDiscard or HelperNames.RingbufQuery
        or HelperNames.TraceVprintk or HelperNames.Loop or HelperNames.Strncmp;

    /// <summary>Calls one.</summary>
    public static ulong Call(KexecRun kernel, ArmedParser parser, string program, BpfMachine machine, int helper, in Arguments a)
    {
        AddressSpace memory = machine.Memory;
        switch (helper)
        {
            case HelperNames.ProbeRead or HelperNames.ProbeReadKernel:
                return ProbeRead(memory, in a);
            case HelperNames.ProbeReadStr or HelperNames.ProbeReadKernelStr:
                return ProbeReadString(memory, in a);
            case HelperNames.ProbeReadUser or HelperNames.ProbeReadUserStr:
                memory.Argument(a.First, Low(a.Second), store: true).Clear();
                return KernelErrno.EFAULT.Result;
            case HelperNames.RingbufReserve:
                return Reserve(kernel, parser, machine, in a);
            case HelperNames.RingbufSubmit or HelperNames.RingbufDiscard:
                memory.Free(machine.Release<Region>(a.First, HelperNames.Of(helper)));
                return 0;
            case HelperNames.RingbufOutput:
                BpfMap ring = Ring(parser, a.First, helper);
                memory.Argument(a.Second, a.Third, store: false);
                return TryTake(ring, a.Third) ? 0 : new KernelErrno(11, "EAGAIN").Result;
            case HelperNames.RingbufQuery:
                BpfMap asked = Ring(parser, a.First, helper);
                return a.Second switch { 0 or 3 => asked.Produced, 1 => asked.MaxEntries, _ => 0 };
            case HelperNames.MapLookup:
                return Lookup(parser, memory, in a);
            case HelperNames.MapUpdate:
                return Update(parser, memory, in a);
            case HelperNames.TracePrintk:
                return Print(kernel, program, memory, memory.Argument(a.First, Low(a.Second), store: false), [a.Third, a.Fourth, a.Fifth]);
            case HelperNames.TraceVprintk:
                return PrintMany(kernel, program, memory, in a);
            case HelperNames.Loop:
                return Loop(machine, in a);
            case HelperNames.Strncmp:
                return Compare(memory, in a);
            case HelperNames.RandomU32:
                return 4;
            case HelperNames.KtimeGetNs or HelperNames.ProcessorId:
                return 0;
            default:
                throw new BpfTrap(BpfRules.UnknownHelper, $"{HelperNames.Of(helper)}#{helper}", "tracing");
        }
    }

    /// <summary>bpf_probe_read_kernel(): what cannot be read is an error and zeros.</summary>
    public static ulong ProbeRead(AddressSpace memory, in Arguments a)
    {
        Span<byte> to = memory.Argument(a.First, Low(a.Second), store: true);
        if (memory.TryRead(a.Third, (ulong)to.Length, out ReadOnlySpan<byte> from))
        {
            from.CopyTo(to);
            return 0;
        }
        to.Clear();
        return KernelErrno.EFAULT.Result;
    }

    private static ulong ProbeReadString(AddressSpace memory, in Arguments a)
    {
        Span<byte> to = memory.Argument(a.First, Low(a.Second), store: true);
        if (to.IsEmpty)
            return 0;
        Region? region = memory.Find(a.Third, out ulong offset);
        if (region is not { IsAlive: true } || offset >= (ulong)region.Bytes.Length)
        {
            to.Clear();
            return KernelErrno.EFAULT.Result;
        }
        ReadOnlySpan<byte> from = region.Bytes.Span[(int)offset..];
        from = from[..Math.Min(from.Length, to.Length)];
        int end = from.IndexOf((byte)0);
        if (end < 0 && from.Length < to.Length)
        {
            to.Clear();
            return KernelErrno.EFAULT.Result;
        }
        int length = end < 0 ? to.Length - 1 : end;
        from[..length].CopyTo(to);
        to[length] = 0;
        return (ulong)(length + 1);
    }

    private static ulong Reserve(KexecRun kernel, ArmedParser parser, BpfMachine machine, in Arguments a)
    {
        BpfMap ring = Ring(parser, a.First, HelperNames.RingbufReserve);
        if (a.Third != 0 || !TryTake(ring, a.Second))
        {
            kernel.Say("kernel", $"{ring.Name} of 0x{ring.MaxEntries:x} bytes has no room for a record of 0x{a.Second:x}");
            return 0;
        }
        Region record = machine.Memory.Add(new()
        {
            Name = $"a record of {ring.Name}",
            Bytes = machine.Memory.Allocate(a.Second),
            Access = RegionAccess.ReadWrite,
            HasNeighbours = true,
        });
        machine.Hold(record.Address, record.Name, record);
        return record.Address;
    }

    // The kernel leaves the last byte of a ring empty, and nobody reads these rings, so that no room comes back.
    private static bool TryTake(BpfMap ring, ulong size)
    {
        if (size > MaxRecord)
            return false;
        ulong length = (size + RingHeader + 7) & ~7UL;
        if (length > ring.MaxEntries || ring.Produced + length > ring.MaxEntries - 1)
            return false;
        ring.Produced += length;
        return true;
    }

    private static BpfMap Ring(ArmedParser parser, ulong handle, int helper) =>
        Map(parser, handle, helper) is { Type: BpfMap.RingType } ring
            ? ring
            : throw new BpfTrap(BpfRules.BadArgument, $"{HelperNames.Of(helper)}()", "its map is no ring buffer");

    private static BpfMap Map(ArmedParser parser, ulong handle, int helper) =>
        parser.Maps.FirstOrDefault(m => m.Handle.Address == handle)
            ?? throw new BpfTrap(BpfRules.BadArgument, $"{HelperNames.Of(helper)}()", $"0x{handle:x} is no map");

    private static ulong Lookup(ArmedParser parser, AddressSpace memory, in Arguments a)
    {
        BpfMap map = Map(parser, a.First, HelperNames.MapLookup);
        uint key = BinaryPrimitives.ReadUInt32LittleEndian(memory.Argument(a.Second, 4, store: false));
        return map.Values is null || key >= map.MaxEntries ? 0 : map.Values.Address + (key * map.ValueSize);
    }

    private static ulong Update(ArmedParser parser, AddressSpace memory, in Arguments a)
    {
        BpfMap map = Map(parser, a.First, HelperNames.MapUpdate);
        if (map.Values is not { Access: RegionAccess.ReadWrite } values)
            throw new BpfTrap(BpfRules.ReadOnly, map.ValueSize, $"map {map.Name}");
        uint key = BinaryPrimitives.ReadUInt32LittleEndian(memory.Argument(a.Second, 4, store: false));
        ReadOnlySpan<byte> value = memory.Argument(a.Third, map.ValueSize, store: false);
        if (key >= map.MaxEntries)
            return new KernelErrno(7, "E2BIG").Result;
        value.CopyTo(values.Bytes.Span[(int)(key * map.ValueSize)..]);
        return 0;
    }

    private static ulong Loop(BpfMachine machine, in Arguments a)
    {
        ulong rounds = Low(a.First);
        if (rounds > MaxRounds)
            return new KernelErrno(7, "E2BIG").Result;
        for (ulong i = 0; i < rounds; i++)
        {
            if (machine.CallBack(a.Second, i, a.Third) != 0)
                return i + 1;
        }
        return rounds;
    }

    private static ulong Compare(AddressSpace memory, in Arguments a)
    {
        ReadOnlySpan<byte> first = memory.Argument(a.First, Low(a.Second), store: false);
        for (int i = 0; i < first.Length; i++)
        {
            byte other = memory.Argument(a.Third, (ulong)i + 1, store: false)[i];
            if (first[i] != other)
                return unchecked((ulong)(first[i] - other));
            if (other == 0)
                break;
        }
        return 0;
    }

    private static ulong PrintMany(KexecRun kernel, string program, AddressSpace memory, in Arguments a)
    {
        ReadOnlySpan<byte> data = memory.Argument(a.Third, Low(a.Fourth), store: false);
        var values = new ulong[data.Length / 8];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadUInt64LittleEndian(data[(8 * i)..]);
        return Print(kernel, program, memory, memory.Argument(a.First, Low(a.Second), store: false), values);
    }

    private static ulong Print(KexecRun kernel, string program, AddressSpace memory, ReadOnlySpan<byte> format, ReadOnlySpan<ulong> values)
    {
        if (format.IsEmpty || format[^1] != 0)
            return KernelErrno.EINVAL.Result;
        string text = Format(memory, Encoding.Latin1.GetString(format[..format.IndexOf((byte)0)]), values).TrimEnd('\n');
        kernel.LastWords = text;
        kernel.Say(program, $"prints '{text}'");
        return (ulong)text.Length;
    }

    private static string Format(AddressSpace memory, string format, ReadOnlySpan<ulong> values)
    {
        var text = new StringBuilder();
        for (int i = 0, next = 0; i < format.Length && text.Length < MaxText; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(char.IsControl(format[i]) ? ' ' : format[i]);
                continue;
            }
            int longs = 0;
            while (++i < format.Length && (format[i] == 'l' || char.IsAsciiDigit(format[i])))
                longs += format[i] == 'l' ? 1 : 0;
            char kind = i < format.Length ? format[i] : '%';
            if (kind == '%')
            {
                text.Append('%');
                continue;
            }
            ulong value = next < values.Length ? values[next++] : 0;
            text.Append(Show(memory, kind, longs > 0 ? value : Low(value), value));
        }
        return text.ToString();
    }

    private static string Show(AddressSpace memory, char kind, ulong value, ulong whole) => kind switch
    {
        'd' or 'i' => (value == whole ? unchecked((long)value) : unchecked((int)value)).ToString(CultureInfo.InvariantCulture),
        'x' or 'X' => value.ToString("x", CultureInfo.InvariantCulture),
        'p' => "(address)",
        's' => String(memory, whole),
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    private static string String(AddressSpace memory, ulong address)
    {
        Region? region = memory.Find(address, out ulong offset);
        if (region is not { IsAlive: true } || offset >= (ulong)region.Bytes.Length)
            return "(null)";
        ReadOnlySpan<byte> bytes = region.Bytes.Span[(int)offset..];
        int end = bytes[..Math.Min(bytes.Length, 64)].IndexOf((byte)0);
        return string.Concat(Encoding.Latin1.GetString(bytes[..(end < 0 ? Math.Min(bytes.Length, 64) : end)])
            .Select(c => char.IsControl(c) ? '?' : c));
    }

    private static ulong Low(ulong value) => value & uint.MaxValue;
}
