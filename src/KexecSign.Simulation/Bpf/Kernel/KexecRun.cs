using System.Buffers.Binary;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Bpf.Skeleton;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>One kexec_file_load: memory, what was produced, and the trace. The series differ in what they do with it.</summary>
internal abstract class KexecRun(SimulationInput input, IKernelDecompressor decompressor)
{
    private const int MaxEvents = 2000;

    // The kernel's MAX_UNCOMPRESSED_BUF_SIZE.
    private const long MaxOutput = 1L << 29;

    private readonly List<TraceEvent> _trace = [];
    private readonly List<AttachedParser> _attached = [];
    private AttachedParser? _running;

    public SimulationInput Input { get; } = input;

    public SeriesModel Series { get; } = SeriesModel.Of(input.Abi);

    public AddressSpace Memory { get; } = new();

    public IReadOnlyList<TraceEvent> Trace => _trace;

    public List<string> Notes { get; } = [];

    public List<string> Parsers { get; } = [];

    public long Instructions { get; private set; }

    public int Level { get; protected set; } = 1;

    /// <summary>What the kernel refused of the running parser; null when nothing.</summary>
    public BpfFault? Problem { get; set; }

    /// <summary>What the running parser printed last.</summary>
    public string? LastWords { get; set; }

    /// <summary>Takes the image apart.</summary>
    /// <exception cref="BpfTrap">The kernel comes to no result.</exception>
    public abstract SimulationResult Load();

    /// <summary>Calls a kfunc of the series.</summary>
    public abstract ulong CallKfunc(BpfMachine machine, string program, string function, in Arguments arguments);

    public void Say(string who, string what)
    {
        if (_trace.Count < MaxEvents)
            _trace.Add(new(Level, who, what));
        else if (_trace.Count == MaxEvents)
            _trace.Add(new(Level, "simulator", "more happened than is shown"));
    }

    /// <summary>A buffer of the kernel, which programs read through helpers.</summary>
    public Region Keep(string name, ReadOnlyMemory<byte> bytes) => Memory.Add(new()
    {
        Name = name,
        Bytes = System.Runtime.InteropServices.MemoryMarshal.AsMemory(bytes),
        Access = RegionAccess.HelpersOnly,
    });

    /// <summary>
    /// Calls a hook, and with it every program that is attached there, the newest first (kernel/bpf/trampoline.c,
    /// __bpf_trampoline_link_prog()): a parser that was disarmed has its descriptors closed, but the last reference is
    /// dropped when the system call ends (fs/file_table.c, fput()), and until then it runs again whenever the hook is called.
    /// </summary>
    /// <param name="hook">Number of the hook in the series.</param>
    /// <param name="hookArguments">What it is called with.</param>
    protected void CallHook(int hook, params ReadOnlySpan<ulong> hookArguments)
    {
        for (int i = _attached.Count - 1; i >= 0; i--)
        {
            AttachedParser attached = _attached[i];
            foreach (LoadedProgram program in attached.Parser.Programs)
            {
                if (program.Hook != Series.Hooks[hook])
                    continue;
                // Why the newest one failed is what counts.
                (BpfFault? problem, string? words) = (Problem, LastWords);
                if (attached.IsDisarmed)
                    Say("kernel", $"{program.Program.Name} of level {attached.Level} is still attached and runs again");
                Call(attached, program, hookArguments);
                if (attached.IsDisarmed)
                    (Problem, LastWords) = (problem, words);
            }
        }
    }

    /// <summary>Takes note of a packet or result of the running program, which nobody expects of one that was disarmed.</summary>
    protected void NotePacket(string program)
    {
        if (_running is not { IsDisarmed: true } stale)
            return;
        string note = $"{program} of level {stale.Level}, which is disarmed but still attached, sends a packet at level {Level}; "
            + "its ring buffer has room for more than one record, or it needs none";
        if (!Notes.Contains(note))
            Notes.Add(note);
    }

    private void Call(AttachedParser attached, LoadedProgram program, ReadOnlySpan<ulong> hookArguments)
    {
        Region arguments = Memory.Add(new()
        {
            Name = "the hook's arguments",
            Bytes = new byte[8 * hookArguments.Length],
            Access = RegionAccess.Read,
            Aligned = true,
        });
        for (int i = 0; i < hookArguments.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(arguments.Bytes.Span[(8 * i)..], hookArguments[i]);
        var machine = new BpfMachine(program.Program, Memory, new ParserEnvironment(this, program, attached.Parser));
        _running = attached;
        BpfRun run = machine.Run(arguments.Address);
        _running = null;
        Memory.Free(arguments);
        Instructions += machine.Steps;
        Say(program.Program.Name, $"ended after {machine.Steps} instructions");
        if (run.Fault is { } fault)
            throw new BpfTrap(fault);
    }

    /// <summary>Loads a parser and attaches it; the trace says what is in it.</summary>
    protected ArmedParser Arm(Func<Formats.Bpf.ParserObject> read, string where)
    {
        Problem = null;
        LastWords = null;
        try
        {
            ArmedParser armed = SkeletonLoader.Arm(Read(read), Series, Input.PageSize, Memory);
            Notes.AddRange(armed.Notes.Where(note => !Notes.Contains(note)));
            string others = _attached.Count == 0
                ? ""
                : $"; with those of {_attached.Count} parsers before it 0x{_attached.Sum(a => RingBytes(a.Parser)) + RingBytes(armed):x} "
                    + $"bytes";
            Say("kernel",
                $"loaded {where}: {string.Join(", ", armed.Programs.Select(p => $"{p.Program.Name} at {p.Hook.Name}"))}; ring buffer of "
                + $"0x{armed.Maps[0].MaxEntries:x} bytes{others}");
            _attached.Add(new(armed, Level));
            return armed;
        }
        catch (BpfTrap trap)
        {
            Say("kernel", $"cannot load {where}: {trap.Fault.Sentence}");
            throw;
        }
    }

    private static Formats.Bpf.ParserObject Read(Func<Formats.Bpf.ParserObject> read)
    {
        try
        {
            return read();
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw new BpfTrap(new BpfFault(refused.Code, refused.Says, refused.Mend));
        }
    }

    private static long RingBytes(ArmedParser parser) => parser.Maps.Where(m => m.Type == BpfMap.RingType).Sum(m => (long)m.MaxEntries);

    /// <summary>Closes a parser's descriptors; its programs and maps stay as long as the system call lasts.</summary>
    private const ulong UnpackingCost = 4;

    protected void Disarm(ArmedParser parser) => _attached.Single(a => a.Parser == parser).IsDisarmed = true;

    /// <summary>Decompresses as the kernel does; null when it cannot, with the reason in <see cref="Problem"/>.</summary>
    protected ReadOnlyMemory<byte>? Decompress(ReadOnlyMemory<byte> input)
    {
        KernelCompression? method = MethodOf(input.Span);
        string? error = "Can not find decompress method";
        if (method is not null)
        {
            Decompressed result = decompressor.Decompress(method.Value, input, MaxOutput);
            // Unpacking takes several times as long as copying what comes out.
            Memory.Charge(((ulong)input.Length + (ulong)result.Output.Length) * UnpackingCost);
            if (result.Error is null)
            {
                Say("kernel",
                    $"decompressed 0x{input.Length:x} bytes of {method.Value.ToString().ToLowerInvariant()} to 0x{result.Output.Length:x}");
                return result.Output;
            }
            error = result.Error;
        }
        Say("kernel", $"cannot decompress 0x{input.Length:x} bytes: {error}");
        Problem = BpfFault.Of(BpfRules.Decompression, error, input.Length);
        return null;
    }

    /// <summary>The fault of a parser that gave no kernel.</summary>
    protected BpfTrap NothingFrom(string parser) => new(
        Problem ?? BpfFault.Of(BpfRules.NoKernel, parser, LastWords is null ? "" : $"; it says '{LastWords}'"));

    // lib/decompress.c: compressed_formats[].
    private static KernelCompression? MethodOf(ReadOnlySpan<byte> input) => input.Length < 2 ? null : (input[0], input[1]) switch
    {
        (0x1F, 0x8B) or (0x1F, 0x9E) => KernelCompression.Gzip,
        (0x42, 0x5A) => KernelCompression.Bzip2,
        (0x5D, 0x00) => KernelCompression.Lzma,
        (0xFD, 0x37) => KernelCompression.Xz,
        (0x89, 0x4C) => KernelCompression.Lzo,
        (0x02, 0x21) => KernelCompression.Lz4,
        (0x28, 0xB5) => KernelCompression.Zstd,
        _ => null,
    };

    /// <summary>A parser whose programs are attached.</summary>
    private sealed class AttachedParser(ArmedParser parser, int level)
    {
        public ArmedParser Parser { get; } = parser;

        public int Level { get; } = level;

        public bool IsDisarmed { get; set; }
    }
}
