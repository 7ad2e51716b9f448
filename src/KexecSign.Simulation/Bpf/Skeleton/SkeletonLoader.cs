using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>A parser that the kernel has loaded and attached.</summary>
/// <param name="Programs">One for each hook of the series, in its order.</param>
/// <param name="Maps">All maps, in the order they were made.</param>
/// <param name="Notes">What differs from the contract without harm.</param>
internal sealed record ArmedParser(ImmutableArray<LoadedProgram> Programs, ImmutableArray<BpfMap> Maps, ImmutableArray<string> Notes);

/// <summary>
/// Runs an embedded loader program with the skeleton that is compiled into the kernel (tools/lib/bpf/skel_internal.h,
/// bpf_load_and_run(), and the generated kexec_pe_parser_bpf.lskel.h): whatever maps and programs the loader makes, the
/// kernel looks for them at its own offsets.
/// </summary>
internal static class SkeletonLoader
{
    private const string ContextName = "the kernel's skeleton context";
    private const int KernelFlag = 1;

    /// <summary>Loads and attaches a parser.</summary>
    /// <exception cref="BpfTrap">The kernel would refuse it.</exception>
    public static ArmedParser Arm(ParserObject parser, SeriesModel series, int pageSize, AddressSpace memory)
    {
        var system = new SystemCalls(memory, series, pageSize);
        Region context = memory.Add(new() { Name = ContextName, Bytes = new byte[series.SkeletonSize], Access = RegionAccess.ReadWrite });
        BinaryPrimitives.WriteInt32LittleEndian(context.Bytes.Span, series.SkeletonSize);
        BinaryPrimitives.WriteInt32LittleEndian(context.Bytes.Span[4..], KernelFlag);
        Run(parser, series, system, memory, context);
        ImmutableArray<LoadedProgram> programs = Attach(series, system, context.Bytes.Span);
        return new(programs, [.. system.Maps], [.. CheckMaps(series, system, context.Bytes.Span)]);
    }

    private static void Run(ParserObject parser, SeriesModel series, SystemCalls system, AddressSpace memory, Region context)
    {
        if (parser.Data.IsEmpty)
            throw new BpfTrap(BpfRules.BadArgument, "opts_data", "it is empty, and the kernel makes no map of no bytes");
        // The loader patches its data while it runs.
        Region data = memory.Add(new() { Name = "opts_data", Bytes = parser.Data.ToArray(), Access = RegionAccess.ReadWrite });
        int descriptor = system.Open(new BpfMap
        {
            Name = "__loader.map",
            Type = BpfMap.ArrayType,
            ValueSize = (uint)parser.Data.Length,
            MaxEntries = 1,
            Handle = data,
            Values = data,
        });
        // bpf_load_and_run() hands the loader's own map over as the only descriptor of a table.
        byte[] table = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(table, descriptor);
        Region descriptors = memory.Add(new() { Name = "the loader's descriptors", Bytes = table, Access = RegionAccess.HelpersOnly });
        var program = new BpfProgram("__loader.prog", BpfInstruction.ReadAll(parser.Instructions.Span),
            new Constants(system, memory, descriptors.Address));
        BpfRun run = new BpfMachine(program, memory, new LoaderEnvironment(system, series)).Run(context.Address);
        if (run.Fault is { } fault)
        {
            throw fault.Rule == BpfRules.WildPointer && fault.Says.Contains(ContextName, StringComparison.Ordinal)
                ? new BpfTrap(BpfRules.TooManyDescriptors, OffsetIn(fault.Says), series.SkeletonSize, SeriesModel.MapCount,
                    series.Hooks.Length, series.Name)
                : new BpfTrap(fault);
        }
        int result = unchecked((int)run.Result);
        if (result >= 0)
            return;
        if (system.Refusal is { } refusal)
            throw new BpfTrap(refusal);
        throw new BpfTrap(BpfRules.LoaderFailed, result);
    }

    // "that is offset 0x9c of the kernel's ..."
    private static int OffsetIn(string says)
    {
        int at = says.IndexOf("offset 0x", StringComparison.Ordinal) + 9, end = at;
        while (end < says.Length && char.IsAsciiHexDigitLower(says[end]) | char.IsAsciiDigit(says[end]))
            end++;
        return at > 9 && int.TryParse(says.AsSpan(at, end - at), System.Globalization.NumberStyles.HexNumber, null, out int offset)
            ? offset
            : 0;
    }

    private static ImmutableArray<LoadedProgram> Attach(SeriesModel series, SystemCalls system, ReadOnlySpan<byte> context)
    {
        var programs = ImmutableArray.CreateBuilder<LoadedProgram>(series.Hooks.Length);
        for (int i = 0; i < series.Hooks.Length; i++)
        {
            int at = SeriesModel.ProgramOffset(i), descriptor = BinaryPrimitives.ReadInt32LittleEndian(context[at..]);
            LoadedProgram program = system.Find<LoadedProgram>(descriptor)
                ?? throw new BpfTrap(BpfRules.NoProgram, at, descriptor == 0 ? "nothing" : $"descriptor {descriptor}", system.Maps.Count,
                    series.Name, SeriesModel.MapCount);
            programs.Add(program);
        }
        return programs.MoveToImmutable();
    }

    // The kernel keeps the descriptors of the maps only to close them, so a wrong order does no harm by itself.
    private static List<string> CheckMaps(SeriesModel series, SystemCalls system, ReadOnlySpan<byte> context)
    {
        var notes = new List<string>();
        for (int i = 0; i < SeriesModel.MapCount; i++)
        {
            int descriptor = BinaryPrimitives.ReadInt32LittleEndian(context[SeriesModel.MapOffset(i)..]);
            string wanted = SeriesModel.IsRing(i) ? $"ringbuf_{i + 1}" : series.DataMaps[i - 4];
            if (system.Find<BpfMap>(descriptor) is not { } map)
                throw new BpfTrap(BpfRules.NoProgram, SeriesModel.MapOffset(i), $"descriptor {descriptor} where map {wanted} belongs",
                    system.Maps.Count, series.Name, SeriesModel.MapCount);
            if ((map.Type == BpfMap.RingType) != SeriesModel.IsRing(i)
                || (map.Name != wanted && !map.Name.EndsWith(wanted, StringComparison.Ordinal)))
                notes.Add($"map {i + 1} is {map.Name} where series {series.Name} has {wanted}; the kernel only closes it");
        }
        return notes;
    }
}
