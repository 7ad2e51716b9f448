using System.Buffers.Binary;
using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Bpf.Skeleton;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>
/// Series v7: process_bpf_parsers_container(). Parsers come in an ELF of their own, alternatives in .bpf.1 to .bpf.8, the
/// next level in .bpf.nested; what they take apart is another file.
/// </summary>
internal sealed class ContainerRun(SimulationInput input, IKernelDecompressor decompressor) : PacketRun(input, decompressor)
{
    private const int MaxDepth = 4;
    private const int MaxBuffers = 16;
    private const int HeaderSize = 10;
    private const int DoneCommand = 1, DecompressCommand = 2, CopyCommand = 3;
    private const byte PipelineFill = 1;

    private readonly List<Region> _next = [];
    private List<Region> _current = [];
    private bool _isParsed;

    public override SimulationResult Load()
    {
        if (Input.Initrd is not { } container)
            throw new BpfTrap(BpfRules.BadArgument, "initrd_fd", "series v7 takes the image from there, and none was given");
        _current.Add(Keep("the container", container));
        Process(Input.Kernel, depth: 0);
        string[] missing = [.. new[]
        {
            (Kernel, "kernel"), (Initrd, "initrd"), (CommandLine, "command line"),
        }.Where(r => Result(r.Item1) is null).Select(r => r.Item2)];
        if (missing.Length > 0)
            throw new BpfTrap(BpfRules.Incomplete, string.Join(", ", missing), Series.Name);
        return new() { Kernel = Result(Kernel)!.Bytes, Initrd = Result(Initrd)!.Bytes, CommandLine = Result(CommandLine)!.Bytes };
    }

    protected override KernelErrno Handle(ReadOnlyMemory<byte> packet)
    {
        int size = packet.Length;
        if (size < HeaderSize)
            return Refuse(KernelErrno.EINVAL, size, "it is shorter than its header of 10 bytes");
        ReadOnlySpan<byte> header = packet.Span;
        int command = BinaryPrimitives.ReadUInt16LittleEndian(header), subcommand = header[2];
        bool again = (header[3] & PipelineFill) != 0;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (length > size - HeaderSize)
            return Refuse(KernelErrno.EINVAL, size, $"it says that its payload has 0x{length:x} bytes");
        ReadOnlyMemory<byte> payload = packet.Slice(HeaderSize, (int)length);
        switch (command)
        {
            case DoneCommand:
                _isParsed = true;
                Context.Set("parsed", 1);
                Say("kernel", "is told that the parser is done");
                return KernelErrno.None;
            case DecompressCommand:
                return Decompress(payload) is { } output
                    ? subcommand == Kernel ? Give(Kernel, output, again)
                        : Refuse(KernelErrno.EINVAL, size, $"only a kernel is decompressed, not subcommand {subcommand}")
                    : KernelErrno.EINVAL;
            case CopyCommand:
                return Copy(subcommand, payload, again, size);
            default:
                return Refuse(KernelErrno.EINVAL, size, $"there is no command {command} in series v7");
        }
    }

    private KernelErrno Copy(int subcommand, ReadOnlyMemory<byte> payload, bool again, int size)
    {
        if (subcommand is not (Kernel or Initrd or CommandLine))
            return Refuse(KernelErrno.EINVAL, size, $"there is no subcommand {subcommand} in series v7");
        if (payload.IsEmpty)
            return subcommand == Initrd ? KernelErrno.None : Refuse(KernelErrno.EINVAL, size, "there is nothing to copy");
        // The kernel appends the NUL that a command line lacks.
        byte[] bytes = new byte[payload.Length + (subcommand == CommandLine && payload.Span[^1] != 0 ? 1 : 0)];
        payload.CopyTo(bytes);
        return Give(subcommand, bytes, again);
    }

    private KernelErrno Give(int which, ReadOnlyMemory<byte> bytes, bool again)
    {
        if (again && _next.Count == MaxBuffers)
            return Refuse(KernelErrno.ENOMEM, bytes.Length, $"{MaxBuffers} results wait for the next level already");
        if (again)
            _next.Add(Keep($"input {_next.Count} of level {Level + 1}", bytes));
        Store(which, Keep($"the result {which} of level {Level}", bytes));
        return KernelErrno.None;
    }

    private void Process(ReadOnlyMemory<byte> elf, int depth)
    {
        Level = depth + 1;
        if (depth > MaxDepth)
            throw new BpfTrap(BpfRules.TooDeep, depth, MaxDepth);
        ParserSections sections = ParserSections.Read(elf, Level);
        if (sections.Parsers.IsEmpty)
            throw new BpfTrap(BpfRules.BadContainer, Level, "it has no .bpf.1");
        BpfFault? last = null;
        int tried = 0;
        bool isDone = false;
        foreach (ReadOnlyMemory<byte> section in sections.Parsers)
        {
            tried++;
            isDone = Try(section, $".bpf.{tried}", ref last);
            if (isDone)
                break;
        }
        if (!isDone)
        {
            throw sections.Parsers.Length == 1 && last is not null
                ? new BpfTrap(last)
                : new BpfTrap(BpfRules.NotDone, tried, Level, last?.Sentence ?? "nothing was refused");
        }
        if (sections.Nested is { } nested)
            Process(nested, depth + 1);
    }

    // A parser that cannot be loaded, or that does not end with DONE, leaves the image to the next one.
    private bool Try(ReadOnlyMemory<byte> section, string name, ref BpfFault? last)
    {
        ArmedParser parser;
        try
        {
            parser = Arm(() => ParserObject.Parse(section), name);
        }
        catch (BpfTrap trap)
        {
            last = trap.Fault;
            return false;
        }
        ParserContext = Memory.Add(new() { Name = "the parser context", Bytes = new byte[64], Access = RegionAccess.HelpersOnly });
        _isParsed = false;
        Context.Set("parsed", 0);
        for (int i = 0; i < MaxBuffers; i++)
            Context.SetBuffer("parsing_buf", i < _current.Count ? _current[i] : null, i);
        string program = parser.Programs[0].Program.Name;
        CallHook(0, Context.Region.Address, ParserContext.Address);
        Disarm(parser);
        Memory.Free(ParserContext);
        if (_isParsed)
        {
            Parsers.Add(program);
            _current.ForEach(Memory.Free);
            _current = [.. _next];
            _next.Clear();
            return true;
        }
        last = Problem ?? BpfFault.Of(BpfRules.NotDone, 1, Level, LastWords is null
            ? $"{program} gave up without a word"
            : $"{program} says '{LastWords}'");
        _next.ForEach(Memory.Free);
        _next.Clear();
        return false;
    }
}
