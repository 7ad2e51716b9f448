using System.Buffers.Binary;
using KexecSign.Simulation.Bpf.Machine;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>A structure in the simulated kernel's memory, which programs may read.</summary>
internal sealed class KernelStruct(ModelStruct type, AddressSpace memory)
{
    public Region Region { get; } = memory.Add(new()
    {
        Name = $"struct {type.Name}",
        Bytes = new byte[type.Size],
        Access = RegionAccess.Read,
    });

    /// <summary>Writes a field.</summary>
    /// <param name="field">Its name.</param>
    /// <param name="value">Cut to the field's size, as an assignment in C does.</param>
    /// <param name="index">Element of an array.</param>
    public void Set(string field, ulong value, int index = 0)
    {
        ModelField place = type.Find(field)!;
        Span<byte> whole = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(whole, value);
        whole[..place.Size].CopyTo(Region.Bytes.Span[(place.Offset + (index * place.Size))..]);
    }

    /// <summary>Writes a pointer and the size that goes with it.</summary>
    public void SetBuffer(string field, Region? buffer, int index = 0)
    {
        Set(field, buffer?.Address ?? 0, index);
        Set(field + "_sz", (ulong)(buffer?.Bytes.Length ?? 0), index);
    }
}
