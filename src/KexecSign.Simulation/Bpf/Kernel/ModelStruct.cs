namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>A field of a kernel structure.</summary>
/// <param name="Name">As in the kernel's source.</param>
/// <param name="Offset">In bytes.</param>
/// <param name="Size">Of one element, in bytes.</param>
/// <param name="IsSigned">Whether it is a signed integer.</param>
/// <param name="Count">Elements; more than 1 in an array.</param>
internal sealed record ModelField(string Name, int Offset, int Size, bool IsSigned = false, int Count = 1);

/// <summary>A structure as a 64-bit kernel lays it out: what its BTF would say.</summary>
internal sealed record ModelStruct(string Name, int Size, params ModelField[] Fields)
{
    public ModelField? Find(string name) => Array.Find(Fields, f => f.Name == name);
}
