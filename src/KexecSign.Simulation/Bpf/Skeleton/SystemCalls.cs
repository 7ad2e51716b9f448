using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Btf;
using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>
/// bpf(2) as a loader program reaches it (kernel/bpf/syscall.c): maps, type information and programs, with the refusals
/// of a kernel of one series and page size.
/// </summary>
internal sealed class SystemCalls(AddressSpace memory, SeriesModel series, int pageSize)
{
    private const int MapCreate = 0, MapUpdate = 2, ProgLoad = 5, BtfLoad = 18, MapFreeze = 22;
    private const uint ReadOnlyProgram = 1 << 7;
    private const uint MaxArrayBytes = 64 << 20;
    private const int MaxObjects = 256;
    private const int FirstDescriptor = 3;

    private readonly Dictionary<int, object> _objects = [];
    private readonly List<BpfMap> _maps = [];
    private int _next = FirstDescriptor;

    public IReadOnlyList<BpfMap> Maps => _maps;

    /// <summary>Why the last call was refused; null when none was.</summary>
    public BpfFault? Refusal { get; private set; }

    /// <summary>The object behind a descriptor.</summary>
    public T? Find<T>(int descriptor)
        where T : class => _objects.GetValueOrDefault(descriptor) as T;

    /// <summary>Gives an object a descriptor.</summary>
    public int Open(object value)
    {
        if (_objects.Count == MaxObjects)
            throw new BpfTrap(BpfRules.BadArgument, "the loader", $"it keeps more than {MaxObjects} descriptors open");
        _objects.Add(_next, value);
        return _next++;
    }

    /// <summary>bpf_sys_close().</summary>
    public ulong Close(int descriptor) => _objects.Remove(descriptor) ? 0 : KernelErrno.EBADF.Result;

    /// <summary>bpf_sys_bpf(): the commands that kern_sys_bpf lets a program call.</summary>
    public ulong Call(int command, ReadOnlySpan<byte> attributes)
    {
        // Fields behind the given ones are zero.
        Span<byte> whole = stackalloc byte[160];
        whole.Clear();
        attributes[..Math.Min(attributes.Length, whole.Length)].CopyTo(whole);
        return command switch
        {
            MapCreate => CreateMap(whole),
            MapUpdate => UpdateMap(whole),
            MapFreeze => FreezeMap(whole),
            BtfLoad => LoadBtf(whole),
            ProgLoad => LoadProgram(whole),
            _ => Refuse(KernelErrno.EINVAL, BpfRules.BadArgument, "bpf_sys_bpf()", $"command {command} is none that a loader may call"),
        };
    }

    private ulong CreateMap(ReadOnlySpan<byte> attributes)
    {
        uint type = U32(attributes, 0), keySize = U32(attributes, 4), valueSize = U32(attributes, 8), entries = U32(attributes, 12),
            flags = U32(attributes, 16);
        string name = Text(attributes.Slice(28, 16));
        switch (type)
        {
            case BpfMap.RingType:
                if (keySize != 0 || valueSize != 0)
                    return Refuse(KernelErrno.EINVAL, BpfRules.BadArgument, $"map {name}", "a ring buffer has neither keys nor values");
                if (entries == 0 || (entries & (entries - 1)) != 0 || entries % (uint)pageSize != 0)
                    return Refuse(KernelErrno.EINVAL, BpfRules.RingSize, name, entries, pageSize);
                return (uint)Add(new() { Name = name, Type = type, ValueSize = 0, MaxEntries = entries, Handle = Handle(name) });
            case BpfMap.ArrayType:
                if (keySize != 4 || valueSize == 0 || entries == 0)
                    return Refuse(KernelErrno.EINVAL, BpfRules.BadArgument, $"map {name}", $"an array has keys of 4 bytes and something "
                        + $"in it, not keys of {keySize} and {entries} values of {valueSize} bytes");
                if ((ulong)valueSize * entries > MaxArrayBytes)
                    return Refuse(KernelErrno.ENOMEM, BpfRules.BadArgument, $"map {name}",
                        $"{entries} values of {valueSize} bytes are more than the simulator's {MaxArrayBytes}");
                Region values = memory.Add(new()
                {
                    Name = $"map {name}",
                    Bytes = memory.Allocate(valueSize * entries),
                    Access = (flags & ReadOnlyProgram) != 0 ? RegionAccess.Read : RegionAccess.ReadWrite,
                    HasNeighbours = true,
                });
                return (uint)Add(new()
                {
                    Name = name,
                    Type = type,
                    ValueSize = valueSize,
                    MaxEntries = entries,
                    Handle = Handle(name),
                    Values = values,
                });
            default:
                return Refuse(KernelErrno.EINVAL, BpfRules.BadArgument, $"map {name}",
                    $"it is of type {type}; parsers have ring buffers ({BpfMap.RingType}) and data sections ({BpfMap.ArrayType})");
        }
    }

    private Region Handle(string name) =>
        memory.Add(new() { Name = $"map {name} itself", Bytes = new byte[8], Access = RegionAccess.HelpersOnly });

    private int Add(BpfMap map)
    {
        _maps.Add(map);
        return Open(map);
    }

    private ulong UpdateMap(ReadOnlySpan<byte> attributes)
    {
        if (Find<BpfMap>(I32(attributes, 0)) is not { Values: { } values } map)
            return Refuse(KernelErrno.EBADF, BpfRules.BadArgument, "BPF_MAP_UPDATE_ELEM", $"descriptor {I32(attributes, 0)} is no array");
        if (map.IsFrozen)
            return Refuse(KernelErrno.EPERM, BpfRules.BadArgument, "BPF_MAP_UPDATE_ELEM", $"map {map.Name} is frozen");
        if (!memory.TryRead(U64(attributes, 8), 4, out ReadOnlySpan<byte> key)
            || !memory.TryRead(U64(attributes, 16), map.ValueSize, out ReadOnlySpan<byte> value))
            return Refuse(KernelErrno.EFAULT, BpfRules.BadArgument, "BPF_MAP_UPDATE_ELEM", "key or value cannot be read");
        uint index = U32(key, 0);
        if (index >= map.MaxEntries)
            return Refuse(new(7, "E2BIG"), BpfRules.BadArgument, "BPF_MAP_UPDATE_ELEM", $"map {map.Name} has no entry {index}");
        value.CopyTo(values.Bytes.Span[(int)(index * map.ValueSize)..]);
        return 0;
    }

    private ulong FreezeMap(ReadOnlySpan<byte> attributes)
    {
        if (Find<BpfMap>(I32(attributes, 0)) is not { } map)
            return Refuse(KernelErrno.EBADF, BpfRules.BadArgument, "BPF_MAP_FREEZE", $"descriptor {I32(attributes, 0)} is no map");
        map.IsFrozen = true;
        return 0;
    }

    private ulong LoadBtf(ReadOnlySpan<byte> attributes)
    {
        if (!memory.TryRead(U64(attributes, 0), U32(attributes, 16), out ReadOnlySpan<byte> blob))
            return Refuse(KernelErrno.EFAULT, BpfRules.BadBtf, "it cannot be read");
        try
        {
            return (uint)Open(BtfTypes.Parse(blob.ToArray()));
        }
        catch (BpfTrap trap)
        {
            return Refuse(KernelErrno.EINVAL, trap);
        }
    }

    private ulong LoadProgram(ReadOnlySpan<byte> attributes)
    {
        try
        {
            return (uint)Open(new ProgramLoader(memory, series, this).Load(attributes));
        }
        catch (BpfTrap trap)
        {
            return Refuse(KernelErrno.EINVAL, trap);
        }
    }

    /// <summary>Notes why a call was refused; its result.</summary>
    public ulong Refuse(KernelErrno errno, ErrorCode rule, params object?[] found)
    {
        Refusal = BpfFault.Of(rule, found);
        return errno.Result;
    }

    private ulong Refuse(KernelErrno errno, BpfTrap trap)
    {
        Refusal = trap.Fault;
        return errno.Result;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static int I32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
