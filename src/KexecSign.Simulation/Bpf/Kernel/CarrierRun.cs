using System.Text;
using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Bpf.Skeleton;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>
/// Series v5: kernel/kexec_pe_image.c, pe_image_load(). Parsers hand results over by name (bpf_copy_to_kernel()) and get
/// decompressed bytes to copy themselves (bpf_decompress()).
/// </summary>
internal sealed class CarrierRun(SimulationInput input, IKernelDecompressor decompressor) : KexecRun(input, decompressor)
{
    private const int MaxLevels = 8;
    private const int MaxCommandLine = 4 << 20;
    private static readonly string[] Names = ["kexec:kernel", "kexec:initrd", "kexec:cmdline"];

    private readonly Region?[] _results = new Region?[3];
    private bool _hasNew;

    public override SimulationResult Load()
    {
        Region image = Keep("the image", Input.Kernel);
        Region? initrd = Input.Initrd is { } given ? Keep("the initrd", given) : null;
        Region commandLine = Keep("the command line", Encoding.UTF8.GetBytes((Input.CommandLine ?? "") + "\0"));
        while (PeBpfSection.Find(image.Bytes, out bool isOutside) is { } section)
        {
            if (isOutside || Level > MaxLevels)
                throw isOutside
                    ? new BpfTrap(BpfRules.BadArgument, "section .bpf", "it lies outside of the image")
                    : new BpfTrap(BpfRules.TooDeep, Level, MaxLevels);
            ArmedParser parser = Arm(() => ParserObject.Parse(section), ".bpf");
            var context = new KernelStruct(Series.ContextType, Memory);
            context.SetBuffer("image", image);
            context.SetBuffer("initrd", initrd);
            context.SetBuffer("cmdline", commandLine);
            // strlen()
            context.Set("cmdline_sz", (ulong)Math.Max(0, commandLine.Bytes.Span.IndexOf((byte)0)));
            _hasNew = false;
            CallHook(0, context.Region.Address);
            if (!_hasNew)
                throw NothingFrom(parser.Programs[0].Program.Name);
            Parsers.Add(parser.Programs[0].Program.Name);
            image = _results[0]!;
            initrd = _results[1] ?? initrd;
            commandLine = _results[2] ?? commandLine;
            CallHook(1, context.Region.Address);
            Disarm(parser);
            Memory.Free(context.Region);
            Level++;
        }
        if (_results[0] is null)
            throw new BpfTrap(BpfRules.NoKernel, "none", "; the image has no .bpf section, and the kernel's other loaders get it");
        if (initrd is null)
            Notes.Add("series v5 wants an initrd from the parser or from the caller of kexec_file_load; none was given here");
        return new()
        {
            Kernel = _results[0]!.Bytes,
            Initrd = initrd?.Bytes,
            CommandLine = _results[2]?.Bytes
            ?? (Input.CommandLine is null ? null : commandLine.Bytes),
        };
    }

    public override ulong CallKfunc(BpfMachine machine, string program, string function, in Arguments a)
    {
        switch (function)
        {
            case "bpf_copy_to_kernel":
                NotePacket(program);
                return Copy(a.First, a.Second, unchecked((int)a.Third));
            case "bpf_decompress":
                return DecompressTo(machine, a.First, unchecked((int)a.Second));
            default:
                DecompressedRange range = machine.Release<DecompressedRange>(a.First, "bpf_mem_range_result_put()");
                Memory.Free(range.Buffer);
                Memory.Free(range.Struct.Region);
                return 0;
        }
    }

    private ulong Copy(ulong nameAddress, ulong address, int size)
    {
        string name = NameAt(nameAddress);
        int which = Array.IndexOf(Names, name);
        if (which < 0)
        {
            Say("kernel", $"bpf_copy_to_kernel(): nobody listens to '{name}'");
            Problem = BpfFault.Of(BpfRules.BadPacket, KernelErrno.EINVAL, size, $"it knows no result '{name}'");
            return KernelErrno.EINVAL.Result;
        }
        // The command line is kmalloc()ed.
        if (size <= 0 || (which == 2 && size > MaxCommandLine))
            return KernelErrno.ENOMEM.Result;
        if (!Memory.TryRead(address, (ulong)size, out ReadOnlySpan<byte> bytes))
        {
            Say("kernel", $"bpf_copy_to_kernel(): 0x{size:x} bytes at 0x{address:x} cannot be read");
            return KernelErrno.EINVAL.Result;
        }
        // What an earlier level gave is freed, though it may be the image that this level reads.
        Region result = Keep($"the {name[6..]} of level {Level}", bytes.ToArray());
        if (_results[which] is { } old)
            Memory.Free(old);
        _results[which] = result;
        _hasNew |= which == 0;
        Problem = null;
        Say("kernel", $"takes {name[6..]}, 0x{size:x} bytes");
        return 0;
    }

    private ulong DecompressTo(BpfMachine machine, ulong address, int size)
    {
        if (size <= 0 || !Memory.TryTake(address, (ulong)size, out ReadOnlyMemory<byte> input) || Decompress(input) is not { } output)
            return 0;
        var range = new DecompressedRange(Keep("a decompressed buffer", output), new(Series.Types[1], Memory));
        range.Struct.Set("ref", 1);
        range.Struct.Set("buf", range.Buffer.Address);
        range.Struct.Set("buf_sz", (ulong)output.Length);
        range.Struct.Set("data_sz", (ulong)output.Length);
        machine.Hold(range.Struct.Region.Address, "the result of bpf_decompress()", range);
        return range.Struct.Region.Address;
    }

    private string NameAt(ulong address)
    {
        for (ulong length = 1; length <= 32 && Memory.TryRead(address, length, out ReadOnlySpan<byte> name); length++)
        {
            if (name[^1] == 0)
                return Encoding.Latin1.GetString(name[..^1]);
        }
        throw new BpfTrap(BpfRules.BadArgument, "bpf_copy_to_kernel()", "its name does not end");
    }

    private sealed record DecompressedRange(Region Buffer, KernelStruct Struct);
}
