using System.Runtime.CompilerServices;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>
/// Memory of the simulated kernel: regions far apart, so that an address tells its region, and whatever leaves a region
/// lies in none. Addresses of freed regions are reused as late as possible.
/// </summary>
internal sealed class AddressSpace
{
    // The upper half of the address space, as kernels have it, in slots of 16 GiB with a region in the middle of each.
    private const ulong Base = 0xFFFF_8000_0000_0000;
    private const int SlotBits = 34;
    private const ulong Middle = 1UL << 33;
    // The last slots stay empty: error numbers, seen as pointers, point there.
    private const int MaxRegions = 8100;

    /// <summary>Most bytes that are moved for all programs of a run.</summary>
    public const ulong MostMoved = 1UL << 34;

    // Everything that is alive at once; a real kernel's memory ends, too.
    private const long MaxBytes = 3L << 30;

    private readonly Region?[] _regions = new Region?[MaxRegions];
    private readonly Queue<int> _freed = new();
    private int _count = 1;
    private long _bytes;
    private ulong _moved;

    /// <summary>Zeroed memory for a region.</summary>
    /// <exception cref="BpfTrap">KS4559 when the program has had its share.</exception>
    public byte[] Allocate(ulong size) => size <= int.MaxValue && _bytes + (long)size <= MaxBytes
        ? new byte[size]
        : throw new BpfTrap(BpfRules.BadArgument, "memory", $"0x{size:x} bytes more than 0x{_bytes:x} are more than 0x{MaxBytes:x}");

    /// <summary>Adds a region and gives it its address.</summary>
    public Region Add(Region region)
    {
        int slot = _count < MaxRegions ? _count++ : _freed.Count > 0 ? _freed.Dequeue()
            : throw new BpfTrap(BpfRules.BadArgument, "memory", $"more than {MaxRegions} objects are alive at once");
        _regions[slot] = region;
        _bytes += region.Bytes.Length;
        unchecked
        {
            region.Address = Base + ((ulong)slot << SlotBits) + Middle;
        }
        return region;
    }

    /// <summary>Takes a region away; what still points to it faults.</summary>
    public void Free(Region region)
    {
        if (!region.IsAlive)
            return;
        region.IsAlive = false;
        _bytes -= region.Bytes.Length;
        unchecked
        {
            _freed.Enqueue((int)((region.Address - Base) >> SlotBits));
        }
    }

    /// <summary>The region that an address belongs to, freed ones included; null when there is none.</summary>
    public Region? Find(ulong address, out ulong offset)
    {
        unchecked
        {
            ulong relative = address - Base;
            ulong slot = relative >> SlotBits;
            offset = (relative & ((1UL << SlotBits) - 1)) - Middle;
            return slot < (ulong)_count ? _regions[slot] : null;
        }
    }

    /// <summary>Memory for a load of the program itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte Load(ulong address, int size)
    {
        Region? region = Find(address, out ulong offset);
        if (region is null || !region.IsAlive || !Fits(region, offset, (ulong)size) || region.Access == RegionAccess.HelpersOnly
            || region.Aligned)
            CheckSlowly(region, address, offset, size, store: false);
        return ref region!.Bytes.Span[(int)offset];
    }

    /// <summary>Memory for a store of the program itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte Store(ulong address, int size)
    {
        Region? region = Find(address, out ulong offset);
        if (region is null || !region.IsAlive || !Fits(region, offset, (ulong)size) || region.Access != RegionAccess.ReadWrite
            || region.Aligned)
            CheckSlowly(region, address, offset, size, store: true);
        return ref region!.Bytes.Span[(int)offset];
    }

    /// <summary>
    /// Counts bytes that the kernel moves for a program: one instruction can ask for 64 MiB, so that a bound on instructions alone would
    /// keep a judge of foreign images busy for hours. A parser moves an image a few times.
    /// </summary>
    /// <exception cref="BpfTrap">KS4555.</exception>
    public void Charge(ulong bytes)
    {
        _moved += bytes;
        if (_moved > MostMoved)
            throw new BpfTrap(BpfRules.Endless, $"0x{MostMoved:x} bytes that helpers and kfuncs move for it");
    }

    /// <summary>Memory that a program hands to a helper, which the verifier wants to be the program's own.</summary>
    /// <exception cref="BpfTrap">KS4551-KS4553.</exception>
    public Span<byte> Argument(ulong address, ulong size, bool store)
    {
        Region? region = Find(address, out ulong offset);
        if (region is null || !region.IsAlive || !Fits(region, offset, size)
            || region.Access < (store ? RegionAccess.ReadWrite : RegionAccess.Read))
            throw Refuse(region, address, offset, size, store);
        Charge(size);
        return region.Bytes.Span.Slice((int)offset, (int)size);
    }

    /// <summary>Memory as copy_from_kernel_nofault() reads it: whatever is mapped; false where the kernel returns EFAULT.</summary>
    /// <exception cref="BpfTrap">KS4551 where the kernel would read on into something else.</exception>
    public bool TryRead(ulong address, ulong size, out ReadOnlySpan<byte> bytes)
    {
        bool isThere = TryTake(address, size, out ReadOnlyMemory<byte> memory);
        bytes = memory.Span;
        return isThere;
    }

    /// <summary>The same, for what is looked at longer.</summary>
    public bool TryTake(ulong address, ulong size, out ReadOnlyMemory<byte> bytes)
    {
        Region? region = Find(address, out ulong offset);
        if (region is not null && region.IsAlive && Fits(region, offset, size))
        {
            Charge(size);
            bytes = region.Bytes.Slice((int)offset, (int)size);
            return true;
        }
        if (region is not null && (!region.IsAlive || region.HasNeighbours))
            throw Refuse(region, address, offset, size, store: false);
        bytes = default;
        return false;
    }

    private static bool Fits(Region region, ulong offset, ulong size) =>
        offset <= (ulong)region.Bytes.Length && size <= (ulong)region.Bytes.Length - offset;

    private static void CheckSlowly(Region? region, ulong address, ulong offset, int size, bool store)
    {
        if (region is null || !region.IsAlive || !Fits(region, offset, (ulong)size)
            || region.Access < (store ? RegionAccess.ReadWrite : RegionAccess.Read))
            throw Refuse(region, address, offset, (ulong)size, store);
        if (offset % (ulong)size != 0)
            throw new BpfTrap(BpfRules.Misaligned, size, offset, region.Name);
    }

    private static BpfTrap Refuse(Region? region, ulong address, ulong offset, ulong size, bool store)
    {
        string what = store ? "a store" : "a load";
        if (region is null)
            return new(BpfRules.WildPointer, what, size, address, address < 4096 ? "that is a null pointer" : "nothing is there");
        if (!region.IsAlive)
            return new(BpfRules.WildPointer, what, size, address, $"it was {region.Name}, which is gone");
        if (!Fits(region, offset, size))
        {
            string place = unchecked((long)offset) < 0 ? $"0x{unchecked(0 - offset):x} bytes before" : $"offset 0x{offset:x} of";
            return new(BpfRules.WildPointer, what, size, address,
                $"that is {place} {region.Name}, which is 0x{region.Bytes.Length:x} bytes long");
        }
        return region.Access == RegionAccess.HelpersOnly
            ? new(BpfRules.NotFollowed, what, size, region.Name)
            : new(BpfRules.ReadOnly, size, region.Name);
    }
}
