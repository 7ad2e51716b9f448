using System.Buffers.Binary;
using System.Text;

namespace KexecSign.Fuzz;

/// <summary>A small package with one file, by the format of rpm's documentation (lead, signature header, header, payload).</summary>
public static class RpmSeed
{
    public static byte[] Build()
    {
        byte[] lead = new byte[96];
        ((ReadOnlySpan<byte>)[0xED, 0xAB, 0xEE, 0xDB, 3]).CopyTo(lead);
        byte[] signature = Header((1000, 4, 1, [0, 0, 1, 0]));
        byte[] main = Header(
            (1035, 8, 1, Text(new string('a', 64))), (1116, 4, 1, [0, 0, 0, 0]), (1117, 8, 1, Text("kernel")), (1118, 8, 1, Text("/boot/")), (5011, 4, 1, [0, 0, 0, 8]));
        return [.. lead, .. signature, .. new byte[(8 - (signature.Length & 7)) & 7], .. main, .. new byte[64]];
    }

    private static byte[] Header(params (int Tag, int Type, int Count, byte[] Data)[] entries)
    {
        using var store = new MemoryStream();
        using var index = new MemoryStream();
        Span<byte> entry = stackalloc byte[16];
        foreach ((int tag, int type, int count, byte[] data) in entries)
        {
            while (type == 4 && (store.Length & 3) != 0)
                store.WriteByte(0);
            BinaryPrimitives.WriteInt32BigEndian(entry, tag);
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], type);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], (int)store.Length);
            BinaryPrimitives.WriteInt32BigEndian(entry[12..], count);
            index.Write(entry);
            store.Write(data);
        }
        byte[] head = new byte[16];
        ((ReadOnlySpan<byte>)[0x8E, 0xAD, 0xE8, 1]).CopyTo(head);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(8), entries.Length);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(12), (int)store.Length);
        return [.. head, .. index.ToArray(), .. store.ToArray()];
    }

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text + "\0");
}
