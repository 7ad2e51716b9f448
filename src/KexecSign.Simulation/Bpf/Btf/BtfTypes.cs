using System.Buffers.Binary;
using System.Text;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Btf;

/// <summary>A member of a structure; its offset is not needed, the kernel's own counts.</summary>
internal readonly record struct BtfMember(string Name, int Type);

/// <summary>A type of a BTF blob.</summary>
/// <param name="Kind">BTF_KIND_*: 1 int, 2 pointer, 3 array, 4 struct, 5 union, 8 typedef, 9 to 11 qualifiers.</param>
/// <param name="Name">Name; empty for most.</param>
/// <param name="SizeOrType">Size in bytes, or the type referred to.</param>
/// <param name="Extra">Encoding of an integer, element type of an array.</param>
/// <param name="Members">Of a struct or union.</param>
internal sealed record BtfType(int Kind, string Name, int SizeOrType, int Extra, BtfMember[] Members);

/// <summary>Type information (Documentation/bpf/btf.rst), as much as CO-RE relocations need.</summary>
internal sealed class BtfTypes
{
    public const int Int = 1, Pointer = 2, Array = 3, Struct = 4, Union = 5, Enum = 6, Function = 12, FunctionPrototype = 13, Variable = 14;

    private const int HeaderSize = 24;
    private const int MaxTypes = 1 << 20;
    private const int SignedEncoding = 1;

    private readonly List<BtfType> _types = [new(0, "void", 0, 0, [])];
    private readonly ReadOnlyMemory<byte> _strings;

    private BtfTypes(ReadOnlyMemory<byte> strings) => _strings = strings;

    /// <summary>Reads a blob.</summary>
    /// <exception cref="BpfTrap">KS4575.</exception>
    public static BtfTypes Parse(ReadOnlyMemory<byte> blob)
    {
        ReadOnlySpan<byte> bytes = blob.Span;
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != 0xEB9F)
            throw new BpfTrap(BpfRules.BadBtf, "it does not begin with the magic number 0xeb9f");
        uint head = U32(bytes, 4), typeAt = U32(bytes, 8), typeSize = U32(bytes, 12), stringAt = U32(bytes, 16),
            stringSize = U32(bytes, 20);
        if (head > bytes.Length || Outside(typeAt, typeSize, bytes.Length - head) || Outside(stringAt, stringSize, bytes.Length - head))
            throw new BpfTrap(BpfRules.BadBtf, "its tables lie outside of it");
        var btf = new BtfTypes(blob.Slice((int)(head + stringAt), (int)stringSize));
        btf.ReadTypes(bytes.Slice((int)(head + typeAt), (int)typeSize));
        return btf;
    }

    /// <summary>The string at an offset; empty when it lies outside.</summary>
    public string StringAt(uint offset)
    {
        if (offset >= (uint)_strings.Length)
            return "";
        ReadOnlySpan<byte> rest = _strings.Span[(int)offset..];
        int end = rest.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? rest : rest[..end]);
    }

    /// <summary>A type by number, without typedefs and qualifiers.</summary>
    /// <exception cref="BpfTrap">KS4575.</exception>
    public BtfType Resolve(long id)
    {
        for (int round = 0; round < 32; round++)
        {
            if (id < 0 || id >= _types.Count)
                throw new BpfTrap(BpfRules.BadBtf, $"there is no type {id}");
            BtfType type = _types[(int)id];
            if (type.Kind is not (8 or 9 or 10 or 11 or 18))
                return type;
            id = type.SizeOrType;
        }
        throw new BpfTrap(BpfRules.BadBtf, "typedefs lead in a circle");
    }

    /// <summary>Size of a resolved type in bytes; 0 when it has none.</summary>
    public static int SizeOf(BtfType type) => type.Kind switch
    {
        Int or Struct or Union or Enum or 16 or 19 => type.SizeOrType,
        Pointer => 8,
        _ => 0,
    };

    /// <summary>Whether a resolved type is a signed integer.</summary>
    public static bool IsSigned(BtfType type) => type.Kind == Int && (type.Extra >> 24 & SignedEncoding) != 0;

    private void ReadTypes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < 12 || _types.Count == MaxTypes)
                throw new BpfTrap(BpfRules.BadBtf, "the table of types is cut");
            uint info = U32(bytes, 4);
            int kind = (int)(info >> 24 & 0x1F), count = (int)(info & 0xFFFF);
            int extra = kind switch
            {
                Int or Variable or 17 => 4,
                Array => 12,
                Struct or Union or 15 or 19 => 12 * count,
                Enum or FunctionPrototype => 8 * count,
                >= 1 and <= 19 => 0,
                _ => throw new BpfTrap(BpfRules.BadBtf, $"type {_types.Count} is of kind {kind}"),
            };
            if (bytes.Length - 12 < extra)
                throw new BpfTrap(BpfRules.BadBtf, $"type {_types.Count} is cut");
            ReadOnlySpan<byte> more = bytes.Slice(12, extra);
            BtfMember[] members = kind is Struct or Union ? Members(more, count) : [];
            _types.Add(new(kind, StringAt(U32(bytes, 0)), I32(bytes, 8), extra >= 4 && kind is Int or Array ? I32(more, 0) : 0, members));
            bytes = bytes[(12 + extra)..];
        }
    }

    private BtfMember[] Members(ReadOnlySpan<byte> bytes, int count)
    {
        var members = new BtfMember[count];
        for (int i = 0; i < count; i++)
            members[i] = new(StringAt(U32(bytes, 12 * i)), I32(bytes, (12 * i) + 4));
        return members;
    }

    private static bool Outside(uint at, uint size, long length) => size > length || at > length - size;

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static int I32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
}
