using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Bpf;

/// <summary>A call of bpf(2) that the loader makes.</summary>
/// <param name="Command">The command, as in <c>enum bpf_cmd</c>.</param>
/// <param name="Attributes">Offset of <c>union bpf_attr</c> in opts_data.</param>
/// <param name="Size">How many bytes of it the loader hands over.</param>
/// <param name="Lookups">Names of kernel functions and types that it looked up since the call before, in order.</param>
internal sealed record LoaderCall(uint Command, int Attributes, int Size, ImmutableArray<string> Lookups);

/// <summary>
/// The calls that a light skeleton's loader program makes, read from its instructions without running them. libbpf's
/// generator (tools/lib/bpf/gen_loader.c) sets the arguments of each call directly before it, from constants and from
/// places in opts_data, which is all that is followed here.
/// </summary>
internal sealed class LoaderProgram
{
    private const int SysBpf = 166;
    private const int FindByNameKind = 167;
    private const int DataMapValue = 6;
    private const int Registers = 16;

    private readonly ReadOnlyMemory<byte> _data;
    private readonly Dictionary<int, int> _pointers = [];
    private readonly ImmutableArray<LoaderCall>.Builder _calls = ImmutableArray.CreateBuilder<LoaderCall>();
    private readonly List<string> _lookups = [];

    // What a register holds when it is known: a number, or a place in opts_data.
    private readonly (long Value, bool IsPlace)?[] _registers = new (long, bool)?[Registers];

    private LoaderProgram(ReadOnlyMemory<byte> data) => _data = data;

    /// <summary>The calls, in order.</summary>
    public ImmutableArray<LoaderCall> Calls { get; private set; } = [];

    /// <summary>Reads a loader.</summary>
    /// <exception cref="KexecSignException">KS1323, KS1324.</exception>
    public static LoaderProgram Read(ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> instructions)
    {
        var loader = new LoaderProgram(data);
        loader.Follow(instructions.Span);
        loader.Calls = loader._calls.ToImmutable();
        return loader;
    }

    /// <summary>Where the loader makes the pointer at a place of opts_data point to; null when it stores none there.</summary>
    public int? Target(int place) => _pointers.TryGetValue(place, out int target) ? target : null;

    /// <summary>Bytes of opts_data.</summary>
    /// <exception cref="KexecSignException">KS1324.</exception>
    public ReadOnlySpan<byte> Data(int place, int length, string what, int instruction = 0) =>
        place >= 0 && length >= 0 && length <= _data.Length && place <= _data.Length - length
            ? _data.Span.Slice(place, length)
            : throw FormatErrors.LoaderData.With(instruction, what, place, length, _data.Length);

    /// <summary>How many bytes of opts_data there are from a place on.</summary>
    public int Rest(int place) => _data.Length - place;

    private void Follow(ReadOnlySpan<byte> program)
    {
        int count = program.Length / 8;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> instruction = program.Slice(i * 8, 8);
            byte operation = instruction[0];
            int to = instruction[1] & 15, from = instruction[1] >> 4;
            short offset = BinaryPrimitives.ReadInt16LittleEndian(instruction[2..]);
            int immediate = BinaryPrimitives.ReadInt32LittleEndian(instruction[4..]);
            switch (operation)
            {
                case 0x18:
                    if (i + 1 >= count)
                        throw FormatErrors.LoaderProgram.With(i, "a 64-bit constant has no second half");
                    int second = BinaryPrimitives.ReadInt32LittleEndian(program[((i + 1) * 8 + 4)..]);
                    _registers[to] = from == DataMapValue ? (second, true)
                        : from == 0 ? ((uint)immediate | (long)second << 32, false)
                        : null;
                    i++;
                    break;
                case 0xB7:
                    _registers[to] = (immediate, false);
                    break;
                case 0xBF:
                    _registers[to] = _registers[from];
                    break;
                case 0x7B:
                    if (_registers[to] is (var place, true) && _registers[from] is (var target, true))
                        _pointers[Checked(place + offset, i)] = Checked(target, i);
                    break;
                case 0x85:
                    Call(immediate, i);
                    _registers.AsSpan(0, 6).Clear();
                    break;
                // Stores and jumps change no register.
                case var other when (other & 7) is 2 or 3 or 5 or 6:
                    break;
                default:
                    _registers[to] = null;
                    break;
            }
        }
    }

    private void Call(int helper, int instruction)
    {
        if (helper == SysBpf)
        {
            if (_registers[1] is not (var command, false) || _registers[2] is not (var attributes, true)
                || _registers[3] is not (var size, false))
            {
                // Closing descriptors and the like: their arguments come from memory.
                _lookups.Clear();
                return;
            }
            if (size is < 0 or > 4096)
                throw FormatErrors.LoaderProgram.With(instruction, $"bpf(2) is called with attributes of {size} bytes");
            if (command is < 0 or > uint.MaxValue)
                throw FormatErrors.LoaderProgram.With(instruction, $"bpf(2) is called with command {command}");
            Data(Checked(attributes, instruction), (int)size, "union bpf_attr", instruction);
            _calls.Add(new((uint)command, (int)attributes, (int)size, [.. _lookups]));
            _lookups.Clear();
        }
        else if (helper == FindByNameKind && _registers[1] is (var name, true) && _registers[2] is (var length, false))
        {
            if (length is < 1 or > 4096)
                throw FormatErrors.LoaderProgram.With(instruction, $"a name of {length} bytes is looked up");
            ReadOnlySpan<byte> text = Data(Checked(name, instruction), (int)length, "a name", instruction);
            int end = text.IndexOf((byte)0);
            _lookups.Add(System.Text.Encoding.Latin1.GetString(end < 0 ? text : text[..end]));
        }
    }

    private int Checked(long place, int instruction) =>
        place >= 0 && place <= _data.Length
            ? (int)place
            : throw FormatErrors.LoaderData.With(instruction, "a pointer", place, 0, _data.Length);
}
