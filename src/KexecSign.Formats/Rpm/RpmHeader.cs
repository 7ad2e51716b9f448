using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Rpm;

/// <summary>
/// A header of an RPM package (rpm's docs/manual/format.md): the magic 8eade801, 4 zero bytes, be32 number of entries, be32 size of the
/// store; entries of 16 bytes (be32 tag, type, offset in the store, count), then the store.
/// </summary>
/// <param name="Entries">The values in the order of the index, without the region's own.</param>
/// <param name="Bytes">The header as it is in the file, without padding behind it.</param>
public sealed record RpmHeader(ImmutableArray<RpmEntry> Entries, ReadOnlyMemory<byte> Bytes)
{
    private const int Intro = 16, EntrySize = 16;

    // rpm's own limits: lib/header_internal.h, HEADER_TAGS_MAX and HEADER_DATA_MAX.
    private const int MostEntries = 0xFFFF, LargestStore = 0x0FFF_FFFF;
    private const int SignatureRegion = 62, ImmutableRegion = 63;

    private static ReadOnlySpan<byte> Magic => [0x8E, 0xAD, 0xE8, 0x01];

    /// <summary>The value of a tag; null when it is not there.</summary>
    public RpmEntry? this[int tag] => Entries.FirstOrDefault(e => e.Tag == tag);

    /// <summary>Texts of a tag; none when it is not there.</summary>
    public ImmutableArray<string> Texts(int tag)
    {
        if (this[tag] is not { Type: RpmType.Text or RpmType.TextArray or RpmType.LocalisedText } entry)
            return [];
        var texts = ImmutableArray.CreateBuilder<string>(entry.Count);
        ReadOnlySpan<byte> rest = entry.Data.Span;
        for (int i = 0; i < entry.Count; i++)
        {
            int end = rest.IndexOf((byte)0);
            texts.Add(Encoding.UTF8.GetString(rest[..end]));
            rest = rest[(end + 1)..];
        }
        return texts.MoveToImmutable();
    }

    /// <summary>Numbers of a tag of 4 bytes each; none when it is not there.</summary>
    public ImmutableArray<int> Numbers(int tag) => this[tag] is { Type: RpmType.Int32 } entry
        ? [.. Enumerable.Range(0, entry.Count).Select(i => BinaryPrimitives.ReadInt32BigEndian(entry.Data.Span[(4 * i)..]))]
        : [];

    /// <summary>Reads a header.</summary>
    /// <param name="file">The package.</param>
    /// <param name="at">Where the header begins.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="KexecSignException">KS1801, KS1802.</exception>
    public static RpmHeader Read(Layout file, long at, string name)
    {
        if (file.Length - at < Intro)
            throw FormatErrors.RpmHeader.With(name, at, $"the file ends at 0x{file.Length:x}");
        byte[] intro = file.ReadBytes(at, Intro);
        if (!intro.AsSpan().StartsWith(Magic))
            throw FormatErrors.NotRpm.With(at, $"the magic {Convert.ToHexStringLower(Magic)} of the {name} header");
        uint entries = BinaryPrimitives.ReadUInt32BigEndian(intro.AsSpan(8)),
            store = BinaryPrimitives.ReadUInt32BigEndian(intro.AsSpan(12));
        if (entries is 0 or > MostEntries || store > LargestStore)
            throw FormatErrors.RpmHeader.With(name, at, $"it announces {entries} entries and a store of 0x{store:x} bytes");
        int size = checked((int)(Intro + (entries * EntrySize) + store));
        if (size > file.Length - at)
            throw FormatErrors.RpmHeader.With(name, at, $"it takes 0x{size:x} bytes, but the file ends at 0x{file.Length:x}");
        ReadOnlyMemory<byte> bytes = file.ReadBytes(at, size);
        var read = ImmutableArray.CreateBuilder<RpmEntry>((int)entries);
        for (int i = 0; i < entries; i++)
        {
            RpmEntry entry = ReadEntry(bytes.Span.Slice(Intro + (i * EntrySize), EntrySize), bytes[(Intro + ((int)entries * EntrySize))..],
                name, at, i);
            if (entry.Tag is not (SignatureRegion or ImmutableRegion))
                read.Add(entry);
        }
        return new(read.DrainToImmutable(), bytes);
    }

    /// <summary>
    /// A signature header of these values: sorted by tag, in one region, as rpm itself writes them. The region's first entry and its
    /// trailer at the store's end tell how far the region goes; both count as 16 bytes of type Binary.
    /// </summary>
    public static byte[] EncodeSignature(IEnumerable<RpmEntry> values)
    {
        RpmEntry[] sorted = [.. values.OrderBy(e => e.Tag)];
        using var store = new MemoryStream();
        using var index = new MemoryStream();
        foreach (RpmEntry entry in sorted)
        {
            while (store.Length % RpmEntry.AlignmentOf(entry.Type) != 0)
                store.WriteByte(0);
            WriteEntry(index, entry.Tag, entry.Type, (int)store.Length, entry.Count);
            store.Write(entry.Data.Span);
        }
        int count = sorted.Length + 1, trailer = (int)store.Length;
        WriteEntry(store, SignatureRegion, RpmType.Binary, -(count * EntrySize), EntrySize);
        byte[] header = new byte[Intro + (count * EntrySize) + (int)store.Length];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), count);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(12), (int)store.Length);
        using var rest = new MemoryStream(header, Intro, header.Length - Intro);
        WriteEntry(rest, SignatureRegion, RpmType.Binary, trailer, EntrySize);
        index.WriteTo(rest);
        store.WriteTo(rest);
        return header;
    }

    private static RpmEntry ReadEntry(ReadOnlySpan<byte> entry, ReadOnlyMemory<byte> store, string name, long at, int index)
    {
        int tag = BinaryPrimitives.ReadInt32BigEndian(entry), count = BinaryPrimitives.ReadInt32BigEndian(entry[12..]);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(entry[4..]), offset = BinaryPrimitives.ReadUInt32BigEndian(entry[8..]);
        if (type > (uint)RpmType.LocalisedText || count < 0 || offset > store.Length)
            throw FormatErrors.RpmHeader.With(name, at,
                $"entry {index} (tag {tag}) has type {type}, count {count} and offset 0x{offset:x} in a store of 0x{store.Length:x} bytes");
        ReadOnlyMemory<byte> rest = store[(int)offset..];
        long length = (RpmType)type switch
        {
            RpmType.Null => 0,
            RpmType.Text or RpmType.TextArray or RpmType.LocalisedText => TextLength(rest.Span, count),
            RpmType.Int16 => 2L * count,
            RpmType.Int32 => 4L * count,
            RpmType.Int64 => 8L * count,
            _ => count,
        };
        return length >= 0 && length <= rest.Length
            ? new(tag, (RpmType)type, count, rest[..(int)length])
            : throw FormatErrors.RpmHeader.With(name, at, $"entry {index} (tag {tag}) leads out of the store");
    }

    // Bytes of so many texts with their zero bytes; -1 when the store ends before.
    private static long TextLength(ReadOnlySpan<byte> rest, int count)
    {
        int length = 0;
        for (int i = 0; i < count; i++)
        {
            int end = rest[length..].IndexOf((byte)0);
            if (end < 0)
                return -1;
            length += end + 1;
        }
        return length;
    }

    private static void WriteEntry(Stream stream, int tag, RpmType type, int offset, int count)
    {
        Span<byte> entry = stackalloc byte[EntrySize];
        BinaryPrimitives.WriteInt32BigEndian(entry, tag);
        BinaryPrimitives.WriteInt32BigEndian(entry[4..], (int)type);
        BinaryPrimitives.WriteInt32BigEndian(entry[8..], offset);
        BinaryPrimitives.WriteInt32BigEndian(entry[12..], count);
        stream.Write(entry);
    }
}
