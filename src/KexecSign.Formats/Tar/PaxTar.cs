using System.Buffers.Binary;
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
    string Name, int Mode, DateTimeOffset ModifiedAt, Layout Content, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> ExtendedAttributes);

/// <summary>
/// Writes POSIX pax archives whose <c>SCHILY.xattr.*</c> records carry raw bytes. System.Formats.Tar holds record values as
/// strings in UTF-8, and a signature is no string; hence this writer.
/// </summary>
public static class PaxTar
{
    private const int BlockSize = 512;

    /// <summary>The archive, closed by two zero blocks.</summary>
    public static Layout Write(IEnumerable<PaxTarFile> files)
    {
        Layout tar = Layout.Empty;
        foreach (PaxTarFile file in files)
            tar = tar.Append(ExtendedHeader(file)).Append(Header(file.Name, file.Mode, file.Content.Length, file.ModifiedAt, '0')).Append(file.Content).AlignTo(BlockSize);
        return tar.AppendZeros(2 * BlockSize);
    }

    private static Layout ExtendedHeader(PaxTarFile file)
    {
        using var records = new MemoryStream();
        if (Encoding.UTF8.GetByteCount(file.Name) > 100)
            WriteRecord(records, "path", Encoding.UTF8.GetBytes(file.Name));
        foreach ((string name, ReadOnlyMemory<byte> value) in file.ExtendedAttributes)
            WriteRecord(records, "SCHILY.xattr." + name, value.Span);
        if (records.Length == 0)
            return Layout.Empty;
        byte[] content = records.ToArray();
        return Layout.Of(Header("PaxHeaders/" + Path.GetFileName(file.Name), 0x1A4, content.Length, file.ModifiedAt, 'x')).Append(content).AlignTo(BlockSize);
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

    private static byte[] Header(string name, int mode, long size, DateTimeOffset modifiedAt, char type)
    {
        byte[] header = new byte[BlockSize];
        byte[] path = Encoding.UTF8.GetBytes(name);
        path.AsSpan(0, Math.Min(path.Length, 100)).CopyTo(header);
        Octal(header.AsSpan(100, 8), mode);
        Octal(header.AsSpan(108, 8), 0);
        Octal(header.AsSpan(116, 8), 0);
        Number(header.AsSpan(124, 12), size);
        Number(header.AsSpan(136, 12), modifiedAt.ToUnixTimeSeconds());
        header[156] = (byte)type;
        "ustar\u000000"u8.CopyTo(header.AsSpan(257));
        "root"u8.CopyTo(header.AsSpan(265));
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

    // Sizes from 8 GiB and times from 2242 on do not fit 11 octal digits; GNU's base-256 form is read by GNU tar and bsdtar.
    private static void Number(Span<byte> field, long value)
    {
        if (value < 1L << 33)
        {
            Octal(field, value);
            return;
        }
        BinaryPrimitives.WriteInt64BigEndian(field[4..], value);
        field[0] = 0x80;
    }
}
