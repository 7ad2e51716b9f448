namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>What a program may do to a piece of memory with its own loads and stores; helpers read everything.</summary>
internal enum RegionAccess
{
    /// <summary>Only helpers may follow a pointer to it: buffers of the kernel.</summary>
    HelpersOnly,

    /// <summary>Load.</summary>
    Read,

    /// <summary>Load and store.</summary>
    ReadWrite,
}

/// <summary>A piece of simulated kernel memory with nothing before or behind it.</summary>
internal sealed class Region
{
    public required string Name { get; init; }

    public required Memory<byte> Bytes { get; init; }

    public required RegionAccess Access { get; init; }

    /// <summary>Whether every access must be aligned to its own size, as on the stack (check_ptr_alignment()).</summary>
    public bool Aligned { get; init; }

    /// <summary>
    /// Whether more of the same buffer lies behind it in a real kernel, so that a copy past its end would not fault but leak.
    /// </summary>
    public bool HasNeighbours { get; init; }

    /// <summary>Address of the first byte.</summary>
    public ulong Address { get; set; }

    public bool IsAlive { get; set; } = true;
}
