using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>What series v6 and v7 have in common: kernel/bpf/bpf_buffer_parser.c, and three results in struct kexec_context.</summary>
internal abstract class PacketRun : KexecRun
{
    /// <summary>Subcommands: what a result is.</summary>
    protected const int Kernel = 1, Initrd = 2, CommandLine = 3;

    private static readonly string[] Names = ["nothing", "kernel", "initrd", "cmdline"];

    private readonly Region?[] _results = new Region?[4];

    protected PacketRun(SimulationInput input, IKernelDecompressor decompressor)
        : base(input, decompressor) => Context = new(Series.ContextType, Memory);

    /// <summary>struct kexec_context, which parsers read.</summary>
    protected KernelStruct Context { get; }

    /// <summary>The object that parsers must present with their packets.</summary>
    protected Region ParserContext { get; set; } = null!;

    public override ulong CallKfunc(BpfMachine machine, string program, string function, in Arguments a)
    {
        switch (function)
        {
            case "bpf_get_parser_context":
                if (a.First != ParserContext.Address)
                    return 0;
                machine.Hold(ParserContext.Address, "the parser context", this);
                return ParserContext.Address;
            case "bpf_put_parser_context":
                machine.Release<PacketRun>(a.First, "bpf_put_parser_context()");
                return 0;
            default:
                machine.Held<PacketRun>(a.Third, "bpf_buffer_parser()", "a parser context");
                NotePacket(program);
                return Take(a.First, unchecked((int)a.Second)).Result;
        }
    }

    /// <summary>Answers one packet.</summary>
    protected abstract KernelErrno Handle(ReadOnlyMemory<byte> packet);

    /// <summary>A result; null when there is none yet.</summary>
    protected Region? Result(int which) => _results[which];

    /// <summary>Stores a result, and frees what was there before (vfree(ctx->...)).</summary>
    protected void Store(int which, Region buffer)
    {
        if (_results[which] is { } old)
            Memory.Free(old);
        Adopt(which, buffer);
        Say("kernel", $"takes {Names[which]}, 0x{buffer.Bytes.Length:x} bytes");
    }

    /// <summary>Puts a buffer where a result goes, without freeing anything.</summary>
    protected void Adopt(int which, Region? buffer)
    {
        _results[which] = buffer;
        Context.SetBuffer(Names[which], buffer);
    }

    /// <summary>Refuses a packet.</summary>
    protected KernelErrno Refuse(KernelErrno errno, int size, string why)
    {
        Say("kernel", $"answers {errno} to a packet of 0x{size:x} bytes: {why}");
        Problem ??= BpfFault.Of(BpfRules.BadPacket, errno, size, why);
        return errno;
    }

    private KernelErrno Take(ulong address, int size)
    {
        if (size <= 0)
            return Refuse(KernelErrno.EINVAL, 0, "it is empty");
        return Memory.TryTake(address, (ulong)size, out ReadOnlyMemory<byte> packet)
            ? Handle(packet)
            : Refuse(KernelErrno.EFAULT, size, $"it cannot be read at 0x{address:x}");
    }
}
