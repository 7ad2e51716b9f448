using System.Buffers.Binary;
using System.Globalization;
using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Btf;

/// <summary>
/// "Compile once, run everywhere": puts the offsets of the kernel that loads a program into its instructions
/// (tools/lib/bpf/relo_core.c, which the kernel shares). What is not found becomes a call that no kernel has.
/// </summary>
internal sealed class CoreRelocations(BtfTypes local, SeriesModel series)
{
    /// <summary>Number of the call that stands for a field that is not there.</summary>
    public const int Poison = 195896080;

    private const int RecordSize = 16;
    private const int FieldOffset = 0, FieldSize = 1, FieldExists = 2, FieldSigned = 3, FieldLeftShift = 4, FieldRightShift = 5;
    private const int LocalTypeId = 6, TargetTypeId = 7, TypeExists = 8, TypeSize = 9, EnumExists = 10, EnumValue = 11, TypeMatches = 12;

    private readonly Dictionary<int, string> _missing = [];

    /// <summary>What each poisoned instruction looked for.</summary>
    public IReadOnlyDictionary<int, string> Missing => _missing;

    /// <summary>Applies the records to a program.</summary>
    /// <param name="slots">The program, changed in place.</param>
    /// <param name="records"><c>struct bpf_core_relo</c>: instruction offset in bytes, type, access string, kind.</param>
    /// <param name="recordSize">Bytes from one record to the next.</param>
    /// <exception cref="BpfTrap">KS4575.</exception>
    public void Apply(BpfInstruction[] slots, ReadOnlySpan<byte> records, int recordSize)
    {
        for (; records.Length >= recordSize && recordSize >= RecordSize; records = records[recordSize..])
        {
            uint offset = U32(records, 0);
            int index = (int)(offset / BpfInstruction.Size);
            if (offset % BpfInstruction.Size != 0 || index >= slots.Length)
                throw new BpfTrap(BpfRules.BadBtf, $"a relocation is for byte 0x{offset:x} of a program of {slots.Length} instructions");
            ApplyOne(slots, index, U32(records, 4), local.StringAt(U32(records, 8)), U32(records, 12));
        }
    }

    private void ApplyOne(BpfInstruction[] slots, int index, uint typeId, string access, uint kind)
    {
        BtfType type = local.Resolve(typeId);
        string name = Flavourless(type.Name);
        ModelStruct? target = Array.Find(series.Types, t => t.Name == name);
        switch (kind)
        {
            case LocalTypeId: Patch(slots, index, typeId, null); return;
            case TargetTypeId or TypeSize when target is null: PoisonAt(slots, index, $"struct {name}"); return;
            case TargetTypeId: Patch(slots, index, 1, null); return;
            case TypeSize: Patch(slots, index, target!.Size, null); return;
            case TypeExists or TypeMatches: Patch(slots, index, target is null ? 0 : 1, null); return;
            case EnumExists: Patch(slots, index, 0, null); return;
            case EnumValue: PoisonAt(slots, index, $"enum {name}"); return;
            case > TypeMatches: throw new BpfTrap(BpfRules.BadBtf, $"there is no relocation of kind {kind}");
        }
        (string path, BtfType leaf, int offset, ModelField? field) = Walk(type, access, target);
        if (kind == FieldExists)
        {
            Patch(slots, index, field is null ? 0 : 1, null);
            return;
        }
        if (field is null)
        {
            PoisonAt(slots, index, $"{name}.{path}");
            return;
        }
        long value = kind switch
        {
            FieldOffset => offset,
            FieldSize => field.Size,
            FieldSigned => field.IsSigned ? 1 : 0,
            FieldLeftShift or FieldRightShift => 64 - (field.Size * 8),
            _ => 0,
        };
        Patch(slots, index, value, kind == FieldOffset ? Resized(leaf, field) : null);
    }

    // Follows the members by name, for they may lie elsewhere in the kernel.
    private (string Path, BtfType Leaf, int Offset, ModelField? Field) Walk(BtfType type, string access, ModelStruct? target)
    {
        int offset = 0;
        string path = "";
        ModelField? field = null;
        bool isFirst = true, isLost = target is null;
        foreach (string part in access.Split(':'))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int step))
                throw new BpfTrap(BpfRules.BadBtf, $"a relocation follows '{access}'");
            if (isFirst)
            {
                offset = step > 0 && target is not null && step < 1024 ? step * target.Size : 0;
                isFirst = false;
            }
            else if (type.Kind == BtfTypes.Array)
            {
                type = local.Resolve(type.Extra);
                path += $"[{step}]";
                if (field is null || step >= field.Count)
                    isLost = true;
                else
                    offset += step * field.Size;
            }
            else if (type.Kind is BtfTypes.Struct or BtfTypes.Union && step < type.Members.Length)
            {
                BtfMember member = type.Members[step];
                type = local.Resolve(member.Type);
                if (member.Name.Length == 0)
                    continue;
                path += path.Length == 0 ? member.Name : "." + member.Name;
                // The model's structures hold no structures: a second name is not found.
                isLost |= field is not null;
                field = target?.Find(member.Name);
                isLost |= field is null;
                offset += field?.Offset ?? 0;
            }
            else
            {
                throw new BpfTrap(BpfRules.BadBtf, $"a relocation follows '{access}' where there is no such member");
            }
        }
        return (path, type, offset, isLost ? null : field);
    }

    // A load is made as wide as the kernel's field where nothing is lost by it: pointers, and unsigned integers.
    private static (int Size, bool Allowed)? Resized(BtfType leaf, ModelField field)
    {
        int size = BtfTypes.SizeOf(leaf);
        return size == field.Size || size == 0
            ? null
            : (field.Size, leaf.Kind == BtfTypes.Int && !BtfTypes.IsSigned(leaf) && !field.IsSigned);
    }

    private void Patch(BpfInstruction[] slots, int index, long value, (int Size, bool Allowed)? resized)
    {
        BpfInstruction slot = slots[index];
        switch (slot.Opcode & 7)
        {
            case 4 or 7 when (slot.Opcode & 8) == 0:
                slots[index] = slot with { Immediate = checked((int)value) };
                break;
            case 1 or 2 or 3:
                if (resized is { Allowed: false } && (slot.Opcode & 7) == 1)
                    PoisonAt(slots, index, "a field of another size");
                else if (value > short.MaxValue)
                    throw new BpfTrap(BpfRules.BadBtf, $"a field lies 0x{value:x} bytes into its structure");
                else
                    slots[index] = slot with
                    {
                        Offset = (short)value,
                        Opcode = resized is { } change && (slot.Opcode & 7) == 1
                        ? Resize(slot.Opcode, change.Size)
                        : slot.Opcode
                    };
                break;
            case 0 when slot.Opcode == BpfInstruction.LoadImmediate64 && index + 1 < slots.Length:
                slots[index] = slot with { Immediate = unchecked((int)value) };
                slots[index + 1] = slots[index + 1] with { Immediate = (int)(value >> 32) };
                break;
            default:
                throw new BpfTrap(BpfRules.BadBtf, $"a relocation is for instruction {index} '{Disassembler.Show(slots, index)}'");
        }
    }

    private static byte Resize(byte opcode, int size) =>
        (byte)((opcode & ~0x18) | size switch { 1 => 0x10, 2 => 0x08, 4 => 0x00, _ => 0x18 });

    private void PoisonAt(BpfInstruction[] slots, int index, string what)
    {
        bool isWide = slots[index].Opcode == BpfInstruction.LoadImmediate64 && index + 1 < slots.Length;
        _missing[index] = what;
        slots[index] = new(BpfInstruction.Call, 0, 0, 0, Poison);
        if (isWide)
        {
            _missing[index + 1] = what;
            slots[index + 1] = slots[index];
        }
    }

    // struct name___flavour stands for struct name.
    private static string Flavourless(string name)
    {
        int at = name.LastIndexOf("___", StringComparison.Ordinal);
        return at > 0 ? name[..at] : name;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
