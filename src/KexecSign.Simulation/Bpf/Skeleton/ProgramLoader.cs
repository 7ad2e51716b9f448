using System.Buffers.Binary;
using System.Text;
using KexecSign.Simulation.Bpf.Btf;
using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>BPF_PROG_LOAD of a tracing program: relocation, and the checks that need no run.</summary>
internal sealed class ProgramLoader(AddressSpace memory, SeriesModel series, SystemCalls system)
{
    private const uint TracingType = 26, FentryAttach = 24, Sleepable = 1 << 4;
    private const int MaxRecords = 1 << 20;

    private static readonly string[] Licenses =
        ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

    /// <summary>Loads the program that the attributes describe.</summary>
    /// <exception cref="BpfTrap">What the kernel would refuse.</exception>
    public LoadedProgram Load(ReadOnlySpan<byte> attributes)
    {
        string name = Text(attributes.Slice(48, 16));
        uint type = U32(attributes, 0), attach = U32(attributes, 68), flags = U32(attributes, 44), hookId = U32(attributes, 108);
        KernelFunction hook = Array.Find(series.Hooks, h => h.Id == hookId)
            ?? throw new BpfTrap(BpfRules.BadArgument, $"program {name}",
                $"it is attached to type {hookId} of the kernel, which is none of its hooks");
        if (type != TracingType || attach != FentryAttach)
            throw new BpfTrap(BpfRules.BadArgument, $"program {name}",
                $"it is of type {type}, attached by {attach}, not fentry (type {TracingType}, attached by {FentryAttach})");

        uint length = U32(attributes, 4);
        BpfInstruction[] slots = BpfInstruction.ReadAll(Read(U64(attributes, 8), (ulong)length * BpfInstruction.Size, "its instructions"));
        string license = Text(Read(U64(attributes, 16), LicenseLength(U64(attributes, 16)), "its licence"));
        BtfTypes? btf = system.Find<BtfTypes>(I32(attributes, 72));
        CoreRelocations? relocations = null;
        if (U32(attributes, 116) > 0)
        {
            relocations = new(btf ?? throw new BpfTrap(BpfRules.BadBtf, $"program {name} has relocations and no type information"), series);
            relocations.Apply(slots, Records(attributes, 116, 136, 128), I32(attributes, 136));
        }
        SourceLines? lines = btf is null ? null : new(btf, Records(attributes, 104, 92, 96), I32(attributes, 92));
        CheckCalls(name, slots, (flags & Sleepable) != 0, Licenses.Contains(license), license, relocations);
        var constants = new Constants(system, memory, U64(attributes, 120));
        return new(new(name, slots, constants, lines is null ? null : lines.Find), hook, relocations?.Missing
            ?? new Dictionary<int, string>());
    }

    private void CheckCalls(string name, BpfInstruction[] slots, bool sleeps, bool isGpl, string license, CoreRelocations? relocations)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            BpfInstruction slot = slots[i];
            if (slot.Opcode == BpfInstruction.LoadImmediate64)
            {
                i++;
                continue;
            }
            if (slot.Opcode != BpfInstruction.Call || relocations?.Missing.ContainsKey(i) == true)
                continue;
            if (slot.Source == 0 && !ParserCalls.Knows(slot.Immediate))
                throw new BpfTrap(BpfRules.UnknownHelper,
                    $"{HelperNames.Of(slot.Immediate)}#{slot.Immediate}, called by instruction {i} of {name},", "tracing");
            if (slot.Source != 2)
                continue;
            if (!isGpl)
                throw new BpfTrap(BpfRules.BadArgument, $"program {name}",
                    $"its licence '{license}' is not compatible with the GPL, so it may call no kernel function");
            // 0 stands for a weak symbol that was not found; only running it is wrong.
            if (slot.Immediate != 0 && Array.Find(series.Functions, f => f.Id == slot.Immediate) is not { } function)
                throw new BpfTrap(BpfRules.BadArgument, $"program {name}",
                    $"instruction {i} calls type {slot.Immediate} of the kernel, which is no function that parsers may call");
            else if (slot.Immediate != 0 && !sleeps && Array.Find(series.Functions, f => f.Id == slot.Immediate)!.Sleeps)
                throw new BpfTrap(BpfRules.BadArgument, $"program {name}",
                    $"instruction {i} calls a function that sleeps, but the program is attached as fentry, not fentry.s");
        }
    }

    private ulong LicenseLength(ulong address)
    {
        for (ulong length = 1; length <= 128; length++)
        {
            if (!memory.TryRead(address, length, out ReadOnlySpan<byte> text))
                break;
            if (text[^1] == 0)
                return length;
        }
        throw new BpfTrap(BpfRules.BadArgument, "BPF_PROG_LOAD", "the program names no licence");
    }

    private ReadOnlySpan<byte> Records(ReadOnlySpan<byte> attributes, int countAt, int sizeAt, int addressAt)
    {
        uint count = U32(attributes, countAt), size = U32(attributes, sizeAt);
        if (count == 0)
            return [];
        if (count > MaxRecords || size is < 16 or > 4096)
            throw new BpfTrap(BpfRules.BadBtf, $"{count} records of {size} bytes");
        return Read(U64(attributes, addressAt), (ulong)count * size, "its records");
    }

    private ReadOnlySpan<byte> Read(ulong address, ulong size, string what) =>
        memory.TryRead(address, size, out ReadOnlySpan<byte> bytes)
            ? bytes
            : throw new BpfTrap(BpfRules.BadArgument, "BPF_PROG_LOAD", $"{what} cannot be read");

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static int I32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
