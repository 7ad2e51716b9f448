using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Bpf.Skeleton;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>Series v6: kernel/kexec_bpf_loader.c, decompose_kexec_image(), for an image with a .bpf section.</summary>
internal sealed class ImageRun(SimulationInput input, IKernelDecompressor decompressor) : PacketRun(input, decompressor)
{
    private const int MaxLevels = 8;
    private const int HeaderSize = 8;
    private const int DecompressCommand = 1, CopyCommand = 2;

    private bool _hasNew;

    public override SimulationResult Load()
    {
        Region image = Keep("the image", Input.Kernel);
        while (PeBpfSection.Find(image.Bytes, out bool isOutside) is { } section)
        {
            if (isOutside || Level > MaxLevels)
                throw isOutside
                    ? new BpfTrap(BpfRules.BadArgument, "section .bpf", "it lies outside of the image")
                    : new BpfTrap(BpfRules.TooDeep, Level, MaxLevels);
            ParserContext = Memory.Add(new() { Name = "the parser context", Bytes = new byte[64], Access = RegionAccess.HelpersOnly });
            ArmedParser parser = Arm(() => ParserObject.Parse(section), ".bpf");
            Adopt(Kernel, image);
            _hasNew = false;
            CallHook(0, Context.Region.Address, ParserContext.Address);
            // The kernel would find the same .bpf section again and call the same parser for ever.
            if (!_hasNew)
                throw NothingFrom(parser.Programs[0].Program.Name);
            Parsers.Add(parser.Programs[0].Program.Name);
            image = Result(Kernel)!;
            Disarm(parser);
            Memory.Free(ParserContext);
            Level++;
        }
        if (Level == 1)
            throw new BpfTrap(BpfRules.NoKernel, "none", "; the image has no .bpf section, and the kernel's other loaders get it");
        return new()
        {
            Kernel = image.Bytes,
            Initrd = Result(Initrd)?.Bytes ?? Input.Initrd,
            CommandLine = Result(CommandLine)?.Bytes
                ?? (Input.CommandLine is null ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(Input.CommandLine + "\0")),
        };
    }

    protected override KernelErrno Handle(ReadOnlyMemory<byte> packet)
    {
        int size = packet.Length;
        if (size < HeaderSize)
            return Refuse(KernelErrno.EINVAL, size, "it is shorter than its header of 8 bytes");
        ReadOnlySpan<byte> header = packet.Span;
        int command = BinaryPrimitives.ReadUInt16LittleEndian(header), subcommand = BinaryPrimitives.ReadUInt16LittleEndian(header[2..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (length > size - HeaderSize)
            return Refuse(KernelErrno.EINVAL, size, $"it says that its payload has 0x{length:x} bytes");
        ReadOnlyMemory<byte> payload = packet.Slice(HeaderSize, (int)length);
        switch (command)
        {
            // kexec_buff_parser() returns 0 whatever the decompressor says.
            case DecompressCommand:
                if (Decompress(payload) is { } output)
                {
                    if (subcommand != Kernel)
                        return Drop(command, subcommand);
                    Store(Kernel, Keep($"the kernel of level {Level}", output));
                    _hasNew = true;
                }
                return KernelErrno.None;
            case CopyCommand when length == 0:
                return Refuse(KernelErrno.ENOMEM, size, "there is nothing to copy");
            case CopyCommand when subcommand is Kernel or Initrd or CommandLine:
                Store(subcommand, Keep($"the result {subcommand} of level {Level}", payload.ToArray()));
                _hasNew |= subcommand == Kernel;
                return KernelErrno.None;
            default:
                return Drop(command, subcommand);
        }
    }

    private KernelErrno Drop(int command, int subcommand)
    {
        Say("kernel", $"ignores command {command} with subcommand {subcommand}");
        Problem ??= BpfFault.Of(BpfRules.BadPacket, "nothing", HeaderSize,
            $"command {command} with subcommand {subcommand} means nothing in series v6");
        return KernelErrno.None;
    }
}
