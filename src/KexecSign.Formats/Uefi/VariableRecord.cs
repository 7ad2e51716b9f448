using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// The bytes of one variable: AUTHENTICATED_VARIABLE_HEADER of 60 bytes, name in UTF-16 with NUL, value; little-endian,
/// followed by erased bytes up to a multiple of 4 (edk2 MdeModulePkg/Include/Guid/VariableFormat.h).
/// </summary>
internal static class VariableRecord
{
    public const int HeaderSize = 60;
    public const int StateOffset = 2;
    private const ushort StartId = 0x55AA;
    private const ushort ErasedId = 0xFFFF;

    // EFI_TIME is year, month, day, hour, minute, second; the rest stays zero.
    private const int TimeOffset = 16, NameSizeOffset = 36, DataSizeOffset = 40, VendorOffset = 44;

    /// <summary>Reads the variable at the beginning of <paramref name="rest"/>.</summary>
    /// <param name="rest">The store from there to its end.</param>
    /// <param name="at">Where that is in the flash image.</param>
    /// <param name="size">Bytes it takes, without the padding.</param>
    /// <returns>Null where the free space begins.</returns>
    /// <exception cref="KexecSignException">KS1604.</exception>
    public static StoredVariable? Read(ReadOnlyMemory<byte> rest, long at, out int size)
    {
        size = 0;
        ReadOnlySpan<byte> bytes = rest.Span;
        if (bytes.Length < HeaderSize)
            return null;
        ushort id = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (id == ErasedId)
            return null;
        if (id != StartId)
            throw FormatErrors.BrokenVariable.With(at, $"it begins with 0x{id:x4}, not 0x{StartId:x4}");
        uint nameSize = BinaryPrimitives.ReadUInt32LittleEndian(bytes[NameSizeOffset..]);
        uint dataSize = BinaryPrimitives.ReadUInt32LittleEndian(bytes[DataSizeOffset..]);
        if (nameSize < 2 || nameSize % 2 != 0 || (ulong)nameSize + dataSize > (ulong)(bytes.Length - HeaderSize))
            throw FormatErrors.BrokenVariable.With(at,
                $"name of 0x{nameSize:x} and value of 0x{dataSize:x} bytes, with 0x{bytes.Length - HeaderSize:x} left");
        size = (int)(HeaderSize + nameSize + dataSize);
        string name = Encoding.Unicode.GetString(bytes.Slice(HeaderSize, (int)nameSize)).TrimEnd('\0');
        var attributes = (VariableAttributes)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        var variable = new UefiVariable(name, new Guid(bytes.Slice(VendorOffset, 16)), attributes, rest[(int)(HeaderSize + nameSize)..size])
        {
            TimeStamp = ReadTime(bytes.Slice(TimeOffset, 16), at),
        };
        return new(at, bytes[StateOffset], variable);
    }

    /// <summary>The bytes of a variable in state VAR_ADDED, without the padding.</summary>
    public static byte[] Encode(UefiVariable variable)
    {
        byte[] name = Encoding.Unicode.GetBytes(variable.Name + '\0');
        byte[] bytes = new byte[checked(HeaderSize + name.Length + variable.Value.Length)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, StartId);
        bytes[StateOffset] = StoredVariable.Added;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)variable.Attributes);
        if (variable.TimeStamp is DateTime time)
            WriteTime(bytes.AsSpan(TimeOffset, 16), time);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(NameSizeOffset), (uint)name.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(DataSizeOffset), (uint)variable.Value.Length);
        variable.Vendor.TryWriteBytes(bytes.AsSpan(VendorOffset));
        name.CopyTo(bytes, HeaderSize);
        variable.Value.CopyTo(bytes.AsMemory(HeaderSize + name.Length));
        return bytes;
    }

    /// <summary>Bytes that a record of this size takes with its padding.</summary>
    public static int Padded(int size) => (int)Alignment.Up(size, 4);

    internal static DateTime? ReadTime(ReadOnlySpan<byte> time, long at)
    {
        if (!time.ContainsAnyExcept((byte)0))
            return null;
        int year = BinaryPrimitives.ReadUInt16LittleEndian(time);
        try
        {
            return new DateTime(year, time[2], time[3], time[4], time[5], time[6], DateTimeKind.Utc);
        }
        catch (ArgumentOutOfRangeException wrong)
        {
            throw FormatErrors.BrokenVariable.Because(wrong, at, $"its time stamp is {Convert.ToHexStringLower(time)}");
        }
    }

    public static void WriteTime(Span<byte> bytes, DateTime time)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)time.Year);
        bytes[2] = (byte)time.Month;
        bytes[3] = (byte)time.Day;
        bytes[4] = (byte)time.Hour;
        bytes[5] = (byte)time.Minute;
        bytes[6] = (byte)time.Second;
    }
}
