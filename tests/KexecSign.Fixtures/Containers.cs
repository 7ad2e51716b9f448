using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Fixtures;

/// <summary>Images around kernels: UKIs, envelopes, parser ELFs.</summary>
public static class Containers
{
    /// <summary>An image with a parser in it.</summary>
    public static byte[] WithParser(byte[] image, byte[] parser) => Bytes(PeEditor.AddSection(Layout.Of(image), ".bpf", Layout.Of(parser), PeConstants.DiscardableData));

    /// <summary>A UKI; the sections in the order given.</summary>
    public static byte[] Uki(params (string Name, byte[] Content)[] sections)
    {
        Layout image = Layout.Of(TestImage.Arm64(seed: 9).Bytes);
        for (int i = 0; i < sections.Length; i++)
        {
            // Under a name of its own first, because our editor refuses a name that is there already.
            byte[] interim = Encoding.ASCII.GetBytes($".s{i:d6}"), bytes = Bytes(PeEditor.AddSection(image, $".s{i:d6}", Layout.Of(sections[i].Content), PeConstants.DiscardableData));
            int header = bytes.AsSpan().IndexOf(interim);
            Encoding.ASCII.GetBytes(sections[i].Name.PadRight(8, '\0')).CopyTo(bytes, header);
            // A UKI tells a section's true length in VirtualSize; raw sizes are padded.
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(header + 8), sections[i].Content.Length);
            image = Layout.Of(bytes);
        }
        return Bytes(image);
    }

    /// <summary>An ELF64 file of nothing but sections: parser ELFs and envelopes.</summary>
    public static byte[] Elf(params (string Name, byte[] Content)[] sections)
    {
        var names = new MemoryStream();
        names.WriteByte(0);
        var body = new MemoryStream();
        var headers = new List<byte[]> { new byte[64] };
        foreach ((string name, byte[] content) in sections.Append((".shstrtab", [])))
        {
            byte[] header = new byte[64], held = content;
            BinaryPrimitives.WriteInt32LittleEndian(header, (int)names.Length);
            names.Write(Encoding.ASCII.GetBytes(name + "\0"));
            if (name == ".shstrtab")
                held = [.. names.ToArray(), .. new byte[16]];
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), name == ".shstrtab" ? 3 : 1);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), 64 + body.Length);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), held.Length);
            body.Write(held);
            body.Write(new byte[(8 - (int)(body.Length & 7)) & 7]);
            headers.Add(header);
        }
        byte[] file = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, .. new byte[57]];
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(16), 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(18), 183);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), 64 + body.Length);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(52), 64);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(58), 64);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(60), (short)headers.Count);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(62), (short)(headers.Count - 1));
        return [.. file, .. body.ToArray(), .. headers.SelectMany(h => h)];
    }

    private static byte[] Bytes(Layout layout) => layout.ReadBytes(0, layout.Length);
}
