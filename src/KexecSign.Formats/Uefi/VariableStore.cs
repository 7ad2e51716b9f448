using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// The authenticated variable store at the beginning of an edk2 flash image (AAVMF and OVMF). Variables are written into it
/// as firmware itself would have left them, so keys can be enrolled without running the firmware; it derives its Secure Boot
/// state from PK at the next start. Immutable: every change gives a new store over the same flash.
/// </summary>
public sealed class VariableStore
{
    // EFI_FIRMWARE_VOLUME_HEADER (PI 1.7 volume 3, 3.2.1) without its block map.
    private const int VolumeHeaderSize = 56;
    private const int StoreHeaderSize = 28;
    private const uint ErasesToOnes = 0x800;
    private const byte Erased = 0xFF, Formatted = 0x5A, Healthy = 0xFE;

    private readonly Layout _flash;
    private readonly long _start;
    private readonly ReadOnlyMemory<byte> _area;
    private readonly int _used;

    private VariableStore(Layout flash, long start, ReadOnlyMemory<byte> area)
    {
        _flash = flash;
        _start = start;
        _area = area;
        Variables = Walk(start, area, out _used);
    }

    /// <summary>All that was ever written since the store was last tidied up, deleted variables included, in the store's order.</summary>
    public ImmutableArray<StoredVariable> Variables { get; }

    /// <summary>Bytes left for more variables.</summary>
    public int Free => _area.Length - _used;

    /// <summary>Reads the store of a flash image.</summary>
    /// <param name="flash">The image; the variables' volume must be its first, as in every edk2 build.</param>
    /// <exception cref="KexecSignException">KS1001, KS1601 to KS1604.</exception>
    public static VariableStore Read(Layout flash)
    {
        (int headerSize, long volumeEnd) = ReadVolume(flash);
        byte[] header = flash.ReadBytes(headerSize, StoreHeaderSize);
        var kind = new Guid(header.AsSpan(0, 16));
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(16));
        byte format = header[20], state = header[21];
        if (kind != EfiGuids.AuthenticatedVariableStore || format != Formatted || state != Healthy)
            throw FormatErrors.NotAuthenticatedStore.With(headerSize, kind, format, state);
        if (size < StoreHeaderSize || headerSize + (long)size > volumeEnd)
            throw FormatErrors.StoreOutsideVolume.With(headerSize, size, volumeEnd);
        long start = headerSize + StoreHeaderSize;
        return new(flash, start, flash.ReadBytes(start, size - StoreHeaderSize));
    }

    /// <summary>The live variable of that name; null when there is none.</summary>
    public UefiVariable? Find(string name, Guid vendor) => FindStored(name, vendor)?.Variable;

    /// <summary>An empty store.</summary>
    public VariableStore Reset()
    {
        byte[] area = new byte[_area.Length];
        area.AsSpan().Fill(Erased);
        return new(_flash, _start, area);
    }

    /// <summary>This store with a variable written, and the variable that had its name marked as deleted.</summary>
    /// <exception cref="KexecSignException">KS1605.</exception>
    public VariableStore With(UefiVariable variable)
    {
        ArgumentException.ThrowIfNullOrEmpty(variable.Name);
        if (variable.Value.IsEmpty)
            throw new ArgumentException("Firmware takes an empty value for a deletion.", nameof(variable));
        byte[] record = VariableRecord.Encode(variable);
        if (record.Length > Free)
            throw FormatErrors.StoreFull.With(variable.Name, record.Length, Free);
        byte[] area = _area.ToArray();
        if (FindStored(variable.Name, variable.Vendor) is StoredVariable old)
            area[old.Offset - _start + VariableRecord.StateOffset] &= StoredVariable.InDeletedTransition & StoredVariable.Deleted;
        record.CopyTo(area, _used);
        return new(_flash, _start, area);
    }

    /// <summary>The flash image with this store in it.</summary>
    public Layout ToLayout() => _flash.Overwrite(_start, _area);

    private static (int HeaderSize, long End) ReadVolume(Layout flash)
    {
        if (flash.Length < VolumeHeaderSize)
            throw FormatErrors.NotVariableVolume.With($"it is only 0x{flash.Length:x} bytes long");
        byte[] fixedPart = flash.ReadBytes(0, VolumeHeaderSize);
        if (!fixedPart.AsSpan(40, 4).SequenceEqual("_FVH"u8))
            throw FormatErrors.NotVariableVolume.With($"at 0x28 the bytes are {Convert.ToHexString(fixedPart, 40, 4)}, not _FVH");
        var kind = new Guid(fixedPart.AsSpan(16, 16));
        if (kind != EfiGuids.SystemNvDataVolume)
            throw FormatErrors.NotVariableVolume.With($"its first volume is of kind {kind}, not {EfiGuids.SystemNvDataVolume}");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(fixedPart.AsSpan(32));
        ushort headerSize = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart.AsSpan(48));
        if (headerSize < VolumeHeaderSize || headerSize % 4 != 0 || length > (ulong)flash.Length || length < headerSize)
            throw FormatErrors.NotVariableVolume.With(
                $"header 0x{headerSize:x}, volume 0x{length:x} and flash 0x{flash.Length:x} bytes do not go together");
        if (Sum16(flash.ReadBytes(0, headerSize)) != 0)
            throw FormatErrors.NotVariableVolume.With("the checksum of the volume's header is wrong");
        if ((BinaryPrimitives.ReadUInt32LittleEndian(fixedPart.AsSpan(44)) & ErasesToOnes) == 0)
            throw FormatErrors.NotVariableVolume.With("its flash erases to zeros, which no edk2 platform does");
        return (headerSize, (long)length);
    }

    private static ushort Sum16(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16LittleEndian(bytes[i..]);
        return (ushort)(sum & 0xFFFF);
    }

    private static ImmutableArray<StoredVariable> Walk(long start, ReadOnlyMemory<byte> area, out int used)
    {
        var found = ImmutableArray.CreateBuilder<StoredVariable>();
        used = 0;
        while (VariableRecord.Read(area[used..], start + used, out int size) is StoredVariable variable)
        {
            found.Add(variable);
            used = Math.Min(used + VariableRecord.Padded(size), area.Length);
        }
        return found.DrainToImmutable();
    }

    // A variable in transition only counts while its successor has not been written.
    private StoredVariable? FindStored(string name, Guid vendor) =>
        Variables.Where(v => v.IsLive && v.Variable.Name == name && v.Variable.Vendor == vendor).MaxBy(v => v.State);
}
