using KexecSign.Simulation.Bpf.Machine;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>A map that the loader made.</summary>
internal sealed class BpfMap
{
    /// <summary>BPF_MAP_TYPE_ARRAY.</summary>
    public const uint ArrayType = 2;

    /// <summary>BPF_MAP_TYPE_RINGBUF.</summary>
    public const uint RingType = 27;

    public required string Name { get; init; }

    public required uint Type { get; init; }

    public required uint ValueSize { get; init; }

    public required uint MaxEntries { get; init; }

    /// <summary>What programs know the map by.</summary>
    public required Region Handle { get; init; }

    /// <summary>Values of an array, back to back; null for a ring buffer.</summary>
    public Region? Values { get; init; }

    public bool IsFrozen { get; set; }

    /// <summary>Bytes of a ring buffer that were handed out; without a reader none comes back.</summary>
    public ulong Produced { get; set; }
}
