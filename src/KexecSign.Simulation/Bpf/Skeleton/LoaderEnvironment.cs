using System.Buffers.Binary;
using System.Text;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Btf;
using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>Helpers of a BPF_PROG_TYPE_SYSCALL program, as far as libbpf's loaders call them (tools/lib/bpf/gen_loader.c).</summary>
internal sealed class LoaderEnvironment(SystemCalls system, SeriesModel series) : BpfEnvironment
{
    private const int MaxAttributes = 4096;

    public override ulong CallHelper(BpfMachine machine, int helper, in Arguments arguments)
    {
        AddressSpace memory = machine.Memory;
        switch (helper)
        {
            case HelperNames.SysBpf:
                uint size = (uint)(arguments.Third & uint.MaxValue);
                return size > MaxAttributes
                    ? system.Refuse(new(7, "E2BIG"), BpfRules.BadArgument, "bpf_sys_bpf()", $"attributes of {size} bytes")
                    : system.Call((int)(arguments.First & int.MaxValue), memory.Argument(arguments.Second, size, store: false));
            case HelperNames.FindBtf:
                return Find(memory, in arguments);
            case HelperNames.SysClose:
                return system.Close((int)(arguments.First & int.MaxValue));
            case HelperNames.ProbeReadKernel or HelperNames.CopyFromUser:
                return ParserCalls.ProbeRead(memory, in arguments);
            case HelperNames.KallsymsLookup:
                system.Refuse(KernelErrno.ENOENT, BpfRules.BadArgument, "the parser",
                    "it takes the address of a kernel symbol, which is not simulated");
                return KernelErrno.ENOENT.Result;
            case HelperNames.TracePrintk:
                return 0;
            default:
                throw new BpfTrap(BpfRules.UnknownHelper, $"{HelperNames.Of(helper)}#{helper}", "loader");
        }
    }

    public override ulong CallKfunc(BpfMachine machine, int kfunc, in Arguments arguments) =>
        throw new BpfTrap(BpfRules.BadArgument, "the loader", "it calls a kernel function");

    private ulong Find(AddressSpace memory, in Arguments arguments)
    {
        uint length = (uint)(arguments.Second & uint.MaxValue);
        if (length is < 2 or > 512 || arguments.Fourth != 0)
            return system.Refuse(KernelErrno.EINVAL, BpfRules.BadArgument, "bpf_btf_find_by_name_kind()", $"a name of {length} bytes");
        ReadOnlySpan<byte> bytes = memory.Argument(arguments.First, length, store: false);
        string name = Encoding.Latin1.GetString(bytes[..^1]);
        long kind = (int)(arguments.Third & int.MaxValue);
        if (kind == BtfTypes.Function && series.Functions.Concat(series.Hooks).FirstOrDefault(f => f.Name == name) is { } function)
            return (ulong)function.Id;
        string owner = SeriesModel.WhoHas(name) ?? "none that is known";
        return system.Refuse(KernelErrno.ENOENT, BpfRules.WrongAbi,
            (kind == BtfTypes.Function ? "kernel function " : "kernel symbol ") + name, series.Name, owner);
    }
}
