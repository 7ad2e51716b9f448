using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// An entry of the firmware's boot menu: an EFI_LOAD_OPTION (UEFI 3.1.3) whose device path is a file alone. Firmware looks
/// for the file on every disk it knows (short-form path, UEFI 3.1.2), so no disk or partition id is needed.
/// </summary>
/// <param name="Description">What the menu shows, and what firmware names when it cannot load the file.</param>
/// <param name="File">Path on the EFI system partition, with backslashes.</param>
/// <param name="Arguments">Load options; for a kernel this is its command line. Null for none.</param>
public sealed record BootEntry(string Description, string File, string? Arguments = null)
{
    private const uint Active = 1;

    /// <summary>Boot####, BootOrder and a Timeout of 0 seconds, so that this entry is started at once.</summary>
    public ImmutableArray<UefiVariable> ToVariables(ushort number = 0) =>
    [
        Plain(string.Create(CultureInfo.InvariantCulture, $"Boot{number:X4}"), Encode()),
        Plain("BootOrder", UInt16(number)),
        Plain("Timeout", UInt16(0)),
    ];

    /// <summary>The bytes of the EFI_LOAD_OPTION, little-endian.</summary>
    public byte[] Encode()
    {
        byte[] path = [.. Node(4, 4, Utf16(File)), .. Node(0x7F, 0xFF, [])];
        byte[] head = new byte[6];
        BinaryPrimitives.WriteUInt32LittleEndian(head, Active);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(4), checked((ushort)path.Length));
        return [.. head, .. Utf16(Description), .. path, .. Arguments is null ? [] : Utf16(Arguments)];
    }

    private static byte[] Node(byte type, byte subType, byte[] data) =>
        [type, subType, .. UInt16(checked((ushort)(4 + data.Length))), .. data];

    private static UefiVariable Plain(string name, byte[] value) => new(name, EfiGuids.GlobalVariable, UefiVariable.Plain, value);

    private static byte[] UInt16(ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Utf16(string text) => Encoding.Unicode.GetBytes(text + '\0');
}
