using System.Globalization;
using System.Text;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tar;

/// <summary>A regular file in a tar, with its extended attributes.</summary>
/// <param name="Name">Path inside the archive, with forward slashes.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="ModifiedAt">Modification time, whole seconds; owner and group are always root.</param>
/// <param name="Content">The file's bytes.</param>
/// <param name="ExtendedAttributes">Names such as <c>security.ima</c> and their raw values.</param>
public sealed record PaxTarFile(
    string Name, int Mode, DateTimeOffset ModifiedAt, Layout Content,
        IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> ExtendedAttributes);

/// <summary>Whose a file in a tar is, by number.</summary>
/// <param name="User">User id.</param>
/// <param name="Group">Group id.</param>
public readonly record struct TarOwner(uint User, uint Group);

/// <summary>
/// Writes POSIX pax archives whose <c>SCHILY.xattr.*</c> records carry raw bytes. System.Formats.Tar holds record values as
/// strings in UTF-8, and a signature is no string; hence this writer.
/// </summary>
public static class PaxTar
{
    private const int BlockSize = 512, NameSize = 100;

    /// <summary>The archive, closed by two zero blocks.</summary>
    public static Layout Write(IEnumerable<PaxTarFile> files)
    {
        Layout tar = Layout.Empty;
        foreach (PaxTarFile file in files)
        {
            var head = Layout.Of(Head(file.Name, file.Mode, file.Content.Length, file.ModifiedAt, file.ExtendedAttributes));
            tar = tar.Append(head).Append(file.Content).AlignTo(BlockSize);
        }
        return tar.AppendZeros(End.Length);
    }

    /// <summary>What ends an archive.</summary>
    public static ReadOnlySpan<byte> End => new byte[2 * BlockSize];

    /// <summary>Zero bytes behind content, up to the next block.</summary>
    public static int PaddingOf(long length) => (int)(Alignment.Up(length, BlockSize) - length);

    /// <summary>What stands before a regular file's content.</summary>
    /// <param name="name">Path inside the archive.</param>
    /// <param name="mode">Permission bits.</param>
    /// <param name="length">Size of the content in bytes.</param>
    /// <param name="modifiedAt">Modification time, whole seconds.</param>
    /// <param name="extendedAttributes">Names and raw values.</param>
    /// <param name="owner">Whose it is; without it root's.</param>
    public static byte[] Head(
        string name, int mode, long length, DateTimeOffset modifiedAt,
            IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> extendedAttributes, TarOwner owner = default) =>
        [.. Extended(name, null, modifiedAt, extendedAttributes), .. Header(name, mode, length, modifiedAt, '0', owner: owner)];

    /// <summary>A folder.</summary>
    public static byte[] Folder(string name, int mode, DateTimeOffset modifiedAt) =>
        [.. Extended(name + "/", null, modifiedAt, []), .. Header(name + "/", mode, 0, modifiedAt, '5')];

    /// <summary>A symbolic link.</summary>
    public static byte[] Link(string name, string target, DateTimeOffset modifiedAt) =>
        [.. Extended(name, target, modifiedAt, []), .. Header(name, 0x1FF, 0, modifiedAt, '2', target)];

    private static byte[] Extended(
        string name, string? link, DateTimeOffset modifiedAt, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> extendedAttributes)
    {
        using var records = new MemoryStream();
        if (Encoding.UTF8.GetByteCount(name) > NameSize)
            WriteRecord(records, "path", Encoding.UTF8.GetBytes(name));
        if (link is not null && Encoding.UTF8.GetByteCount(link) > NameSize)
            WriteRecord(records, "linkpath", Encoding.UTF8.GetBytes(link));
        foreach ((string attribute, ReadOnlyMemory<byte> value) in extendedAttributes)
            WriteRecord(records, "SCHILY.xattr." + attribute, value.Span);
        if (records.Length == 0)
            return [];
        byte[] content = records.ToArray();
        return [.. Header("PaxHeaders/" + Path.GetFileName(name.TrimEnd('/')), 0x1A4, content.Length, modifiedAt, 'x'), .. content,
            .. new byte[PaddingOf(content.Length)]];
    }

    // A record is "LENGTH KEY=VALUE\n" and its length counts itself.
    private static void WriteRecord(MemoryStream records, string key, ReadOnlySpan<byte> value)
    {
        int body = 1 + Encoding.UTF8.GetByteCount(key) + 1 + value.Length + 1;
        int length = body + 1;
        while (length != body + Digits(length))
            length = body + Digits(length);
        records.Write(Encoding.UTF8.GetBytes($"{length} {key}="));
        records.Write(value);
        records.WriteByte((byte)'\n');
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static byte[] Header(string name, int mode, long size, DateTimeOffset modifiedAt, char type, string? link = null,
        TarOwner owner = default)
    {
        byte[] header = new byte[BlockSize];
        byte[] path = Encoding.UTF8.GetBytes(name);
        path.AsSpan(0, Math.Min(path.Length, NameSize)).CopyTo(header);
        byte[] target = Encoding.UTF8.GetBytes(link ?? "");
        target.AsSpan(0, Math.Min(target.Length, NameSize)).CopyTo(header.AsSpan(157));
        Octal(header.AsSpan(100, 8), mode);
        Number(header.AsSpan(108, 8), owner.User);
        Number(header.AsSpan(116, 8), owner.Group);
        Number(header.AsSpan(124, 12), size);
        Number(header.AsSpan(136, 12), modifiedAt.ToUnixTimeSeconds());
        header[156] = (byte)type;
        "ustar\u000000"u8.CopyTo(header.AsSpan(257));
        // A name counts for more than its number when an archive is unpacked, and only root's is the same everywhere.
        if (owner.User == 0)
            "root"u8.CopyTo(header.AsSpan(265));
        if (owner.Group == 0)
            "root"u8.CopyTo(header.AsSpan(297));
        header.AsSpan(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte b in header)
            sum += b;
        Octal(header.AsSpan(148, 7), sum);
        return header;
    }

    private static void Octal(Span<byte> field, long value) =>
        Encoding.ASCII.GetBytes(Convert.ToString(value, 8).PadLeft(field.Length - 1, '0')).CopyTo(field);

    // Sizes from 8 GiB and times from 2242 on do not fit 11 octal digits, nor ids from 2,097,152 on 7; GNU's base-256 form is read by GNU
    // tar and bsdtar.
    private static void Number(Span<byte> field, long value)
    {
        if (value < 1L << (3 * (field.Length - 1)))
        {
            Octal(field, value);
            return;
        }
        for (int i = field.Length - 1; i > 0; i--, value >>= 8)
            field[i] = (byte)(value & 0xFF);
        field[0] = 0x80;
    }
}
