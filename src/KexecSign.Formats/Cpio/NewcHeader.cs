using System.Buffers.Text;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Cpio;

/// <summary>
/// The header of a member in a cpio archive of the format "newc": the magic, and 13 numbers of 8 hex digits
/// (Documentation/driver-api/early-userspace/buffer-format.rst).
/// </summary>
/// <param name="IsFile">Whether the member is a regular file; folders and all else have no content that matters.</param>
/// <param name="Size">Length of its content.</param>
/// <param name="NameSize">Length of its name, the zero behind it included.</param>
public readonly record struct NewcHeader(bool IsFile, uint Size, int NameSize)
{
    /// <summary>Bytes of a header.</summary>
    public const int Length = 110;

    /// <summary>The longest name that is read.</summary>
    public const int LongestName = 4096;

    private const int FieldSize = 8, ModeField = 1, SizeField = 6, NameSizeField = 11;
    private const uint KindMask = 0xF000, RegularFile = 0x8000;

    /// <summary>The first bytes of every member.</summary>
    public static ReadOnlySpan<byte> Magic => "070701"u8;

    /// <summary>Reads one.</summary>
    /// <param name="header">Its 110 bytes.</param>
    /// <param name="at">Where it begins, for errors.</param>
    /// <exception cref="KexecSignException">KS1901.</exception>
    public static NewcHeader Read(ReadOnlySpan<byte> header, long at)
    {
        if (!header.StartsWith(Magic))
            throw FormatErrors.CpioBroken.With(at, "no header of the format newc begins here");
        uint nameSize = Field(header, NameSizeField, at);
        if (nameSize is < 2 or > LongestName)
            throw FormatErrors.CpioBroken.With(at, $"a name of 0x{nameSize:x} bytes");
        return new((Field(header, ModeField, at) & KindMask) == RegularFile, Field(header, SizeField, at), (int)nameSize);
    }

    /// <summary>The name behind a header; null for the archive's end.</summary>
    /// <param name="bytes">The bytes, the zero at their end included.</param>
    /// <param name="at">Where the header begins, for errors.</param>
    /// <exception cref="KexecSignException">KS1901.</exception>
    public static string? Name(ReadOnlySpan<byte> bytes, long at)
    {
        if (bytes[..^1].Contains((byte)0) || bytes[^1] != 0)
            throw FormatErrors.CpioBroken.With(at, "its name does not end where it says");
        string name = Encoding.UTF8.GetString(bytes[..^1]);
        return name == "TRAILER!!!" ? null : name;
    }

    private static uint Field(ReadOnlySpan<byte> header, int index, long at) =>
        Utf8Parser.TryParse(header.Slice(Magic.Length + (index * FieldSize), FieldSize), out uint value, out int read, 'x')
            && read == FieldSize
            ? value
            : throw FormatErrors.CpioBroken.With(at, $"field {index} is no number of {FieldSize} hex digits");
}
