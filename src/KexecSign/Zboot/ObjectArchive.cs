using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;

namespace KexecSign.Zboot;

/// <summary>
/// An archive of object files as GNU ar writes it (<c>man 5 ar</c>; bfd/archive.c). The kernel makes thin ones, which hold
/// names and no contents; this gives the archive with its members in it, the same bytes that <c>ar rcsD</c> would write.
/// </summary>
internal sealed class ObjectArchive
{
    private const int HeaderSize = 60;
    private const long MaxLength = 64 << 20;
    private const int LongestShortName = 15;

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly List<Member> _members = [];
    private ReadOnlyMemory<byte> _symbols, _longNames;

    private ObjectArchive(string path, byte[] bytes)
    {
        _path = path;
        _bytes = bytes;
    }

    private sealed record Member(int HeaderOffset, string Name, byte[] Content);

    /// <summary>Reads an archive and gives it whole.</summary>
    /// <exception cref="KexecSignException">KS3001 and KS3002 for archive or members, KS3110, KS3114.</exception>
    public static byte[] ReadWhole(string path)
    {
        byte[] bytes = WholeFile.Read(path, MaxLength, "an archive of objects");
        bool thin = bytes.AsSpan().StartsWith("!<thin>\n"u8);
        if (!thin && !bytes.AsSpan().StartsWith("!<arch>\n"u8))
            throw OperationErrors.ObjectArchive.With(0, "it begins neither with !<arch> nor with !<thin>").In(path);
        if (!thin)
            return bytes;
        var archive = new ObjectArchive(path, bytes);
        archive.ReadMembers();
        if (archive._symbols.IsEmpty)
            throw OperationErrors.ObjectArchive.With(8, "it has no index of symbols").In(path);
        return archive.Write();
    }

    private void ReadMembers()
    {
        for (int at = 8; at < _bytes.Length;)
        {
            if (_bytes.Length - at < HeaderSize || _bytes[at + 58] != '`' || _bytes[at + 59] != '\n')
                throw Broken(at, "there is no member header");
            string name = Encoding.Latin1.GetString(_bytes, at, 16).TrimEnd(' ');
            int size = Number(_bytes.AsSpan(at + 48, 10), at);
            bool inside = name is "/" or "//";
            int content = at + HeaderSize;
            if (inside && size > _bytes.Length - content)
                throw Broken(at, $"its member has {size} bytes but {_bytes.Length - content} follow");
            if (name == "/")
                _symbols = _bytes.AsMemory(content, size);
            else if (name == "//")
                _longNames = _bytes.AsMemory(content, size);
            else
                _members.Add(new(at, Path.GetFileName(MemberName(name, at)), ReadMember(MemberName(name, at), size, at)));
            at = content + (inside ? size + size % 2 : 0);
        }
    }

    private string MemberName(string field, int at)
    {
        if (!field.StartsWith('/'))
            return field.TrimEnd('/');
        // ar writes the offset over the short form of the name, of which a closing '/' may stay behind blanks.
        int offset = Number(Encoding.Latin1.GetBytes(field[1..].Split(' ')[0]), at);
        ReadOnlySpan<byte> names = _longNames.Span;
        int length = offset < names.Length ? names[offset..].IndexOf("/\n"u8) : -1;
        if (length < 0)
            throw Broken(at, $"its name at {offset} is not in the table of names, which has {names.Length} bytes");
        return Encoding.UTF8.GetString(names.Slice(offset, length));
    }

    // Names are relative to the archive and lead nowhere else; of an absolute one, which a build tree that was moved may hold, or one
    // that leads upwards, only the last part counts.
    private byte[] ReadMember(string name, int size, int at)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        bool leadsAway = Path.IsPathRooted(name) || name.Split('/').Contains("..");
        byte[] content = WholeFile.Read(Path.Combine(folder, leadsAway ? Path.GetFileName(name) : name), MaxLength, "an object file");
        if (content.Length != size)
            throw Broken(at, $"{name} has {content.Length} bytes but the archive says {size}");
        return Elf64File.LooksLikeElf64(content) ? content : throw Broken(at, $"{name} is no ELF object");
    }

    private byte[] Write()
    {
        byte[] longNames = LongNames(out Dictionary<Member, string> nameFields);
        int at = 8 + HeaderSize + Even(_symbols.Length) + (longNames.Length == 0 ? 0 : HeaderSize + Even(longNames.Length));
        var moved = new Dictionary<uint, uint>();
        foreach (Member member in _members)
        {
            moved[(uint)member.HeaderOffset] = (uint)at;
            at += HeaderSize + Even(member.Content.Length);
        }
        using var whole = new MemoryStream(at);
        whole.Write("!<arch>\n"u8);
        WriteMember(whole, "/", "0", MovedSymbols(moved));
        if (longNames.Length > 0)
            WriteMember(whole, "//", null, longNames);
        foreach (Member member in _members)
            WriteMember(whole, nameFields[member], "644", member.Content);
        return whole.ToArray();
    }

    // u32 count and u32 header offsets, both big-endian, then the names.
    private byte[] MovedSymbols(Dictionary<uint, uint> moved)
    {
        byte[] symbols = _symbols.ToArray();
        uint count = symbols.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(symbols);
        if (count > (symbols.Length - 4) / 4)
            throw Broken(8, $"its index counts {count} symbols in {symbols.Length} bytes");
        for (int i = 1; i <= count; i++)
        {
            Span<byte> field = symbols.AsSpan(4 * i, 4);
            uint old = BinaryPrimitives.ReadUInt32BigEndian(field);
            BinaryPrimitives.WriteUInt32BigEndian(field, moved.TryGetValue(old, out uint now)
                ? now
                : throw Broken(8, $"its index names a member at {old}, where there is none"));
        }
        return symbols;
    }

    private byte[] LongNames(out Dictionary<Member, string> fields)
    {
        fields = [];
        using var table = new MemoryStream();
        foreach (Member member in _members)
        {
            byte[] name = Encoding.UTF8.GetBytes(member.Name);
            fields[member] = name.Length <= LongestShortName ? member.Name + "/" : $"/{table.Length}";
            if (name.Length > LongestShortName)
            {
                table.Write(name);
                table.Write("/\n"u8);
            }
        }
        if (table.Length % 2 != 0)
            table.WriteByte((byte)'\n');
        return table.ToArray();
    }

    // Times and owners are 0, as ar's D gives them; the table of names has blanks there.
    private static void WriteMember(MemoryStream archive, string name, string? mode, byte[] content)
    {
        string zero = mode is null ? "" : "0";
        archive.Write(Encoding.Latin1.GetBytes($"{name,-16}{zero,-12}{zero,-6}{zero,-6}{mode ?? "",-8}{content.Length,-10}`\n"));
        archive.Write(content);
        if (content.Length % 2 != 0)
            archive.WriteByte((byte)'\n');
    }

    private int Number(ReadOnlySpan<byte> digits, int at) =>
        int.TryParse(Encoding.Latin1.GetString(digits).TrimEnd(' '), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Broken(at, "a number in its header is none");

    private static int Even(int length) => length + length % 2;

    private KexecSignException Broken(int at, string what) => OperationErrors.ObjectArchive.With(at, what).In(_path);
}
