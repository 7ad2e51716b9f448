using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace KexecSign.Formats.Elf;

/// <summary>The parts of a 64-bit little-endian ELF file that every writer here shares (System V gABI).</summary>
internal static class ElfWriter
{
    /// <summary>Size of the file header, and of a section header.</summary>
    public const int HeaderSize = 64;

    /// <summary>The file header.</summary>
    /// <param name="type">e_type.</param>
    /// <param name="machine">e_machine.</param>
    /// <param name="table">File offset of the section table.</param>
    /// <param name="sections">How many sections there are, the null section included.</param>
    /// <param name="names">Index of the section name table.</param>
    public static byte[] Header(ushort type, ushort machine, long table, int sections, int names)
    {
        byte[] header = new byte[HeaderSize];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(16), type);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(18), machine);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), table);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(52), HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(58), HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(60), (ushort)sections);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(62), (ushort)names);
        return header;
    }

    /// <summary>A section header.</summary>
    public static byte[] Section(int name, uint type, ulong flags, long offset, long size, uint link, uint info, ulong alignment,
        ulong entrySize)
    {
        byte[] header = new byte[HeaderSize];
        BinaryPrimitives.WriteInt32LittleEndian(header, name);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), flags);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), offset);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), size);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(40), link);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), info);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), alignment);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), entrySize);
        return header;
    }

    /// <summary>A string table that begins with the empty name, and where each name is in it.</summary>
    public static (byte[] Table, ImmutableArray<int> Offsets) Names(ImmutableArray<string> names)
    {
        var table = new List<byte> { 0 };
        var offsets = ImmutableArray.CreateBuilder<int>(names.Length);
        foreach (string name in names)
        {
            offsets.Add(table.Count);
            table.AddRange(Encoding.ASCII.GetBytes(name));
            table.Add(0);
        }
        return ([.. table], offsets.MoveToImmutable());
    }
}
