using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Cpio;

/// <summary>A member of a cpio archive.</summary>
/// <param name="Name">Its name, as it stands there: nothing to follow.</param>
/// <param name="IsFile">Whether it is a regular file; folders and all else have no content that matters.</param>
/// <param name="Content">Its bytes.</param>
public sealed record NewcMember(string Name, bool IsFile, Layout Content);

/// <summary>Reads cpio archives in the format "newc"; what <see cref="NewcArchive"/> writes, and GNU cpio with <c>-H newc</c>.</summary>
public static class NewcReader
{
    private const int HeaderSize = 110, FieldSize = 8, MostMembers = 200_000, LongestName = 4096;
    private const int ModeField = 1, SizeField = 6, NameSizeField = 11;
    private const uint KindMask = 0xF000, RegularFile = 0x8000;

    /// <summary>The first bytes of every member.</summary>
    public static ReadOnlySpan<byte> Magic => "070701"u8;

    /// <summary>The members up to the trailer, in order.</summary>
    /// <exception cref="KexecSignException">KS1901.</exception>
    public static ImmutableArray<NewcMember> Read(Layout archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        var members = ImmutableArray.CreateBuilder<NewcMember>();
        long at = 0;
        while (true)
        {
            byte[] header = Bytes(archive, at, HeaderSize, "a header is cut");
            if (!header.AsSpan(0, Magic.Length).SequenceEqual(Magic))
                throw FormatErrors.CpioBroken.With(at, "no header of the format newc begins here");
            long size = Field(header, SizeField, at), nameSize = Field(header, NameSizeField, at);
            if (nameSize is < 2 or > LongestName)
                throw FormatErrors.CpioBroken.With(at, $"a name of 0x{nameSize:x} bytes");
            string name = Name(Bytes(archive, at + HeaderSize, nameSize, "a name is cut"), at);
            if (name == "TRAILER!!!")
                return members.ToImmutable();
            if (members.Count == MostMembers)
                throw FormatErrors.CpioBroken.With(at, $"it has more than {MostMembers} members");
            long content = Alignment.Up(at + HeaderSize + nameSize, 4);
            if (content + size > archive.Length)
                throw FormatErrors.CpioBroken.With(content,
                    $"0x{size:x} bytes of '{Shown(name)}' are promised and 0x{archive.Length:x} end it");
            members.Add(new(name, (Field(header, ModeField, at) & KindMask) == RegularFile, archive.Slice(content, size)));
            at = Alignment.Up(content + size, 4);
        }
    }

    private static byte[] Bytes(Layout archive, long at, long count, string cut) => at + count <= archive.Length
        ? archive.ReadBytes(at, count)
        : throw FormatErrors.CpioBroken.With(at, cut);

    private static uint Field(ReadOnlySpan<byte> header, int index, long at) =>
        Utf8Parser.TryParse(header.Slice(6 + (index * FieldSize), FieldSize), out uint value, out int read, 'x') && read == FieldSize
            ? value
            : throw FormatErrors.CpioBroken.With(at, $"field {index} is no number of {FieldSize} hex digits");

    private static string Name(ReadOnlySpan<byte> bytes, long at) => bytes[..^1].Contains((byte)0) || bytes[^1] != 0
        ? throw FormatErrors.CpioBroken.With(at, "its name does not end where it says")
        : Encoding.UTF8.GetString(bytes[..^1]);

    private static string Shown(string name) => name.Length < 80 ? name : name[..80];
}
