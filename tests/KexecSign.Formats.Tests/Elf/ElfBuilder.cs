using System.Buffers.Binary;
using System.Text;

namespace KexecSign.Formats.Tests.Elf;

/// <summary>A relocatable object with opts_data and opts_insn in .rodata, laid out as the C compiler does.</summary>
internal static class ElfBuilder
{
    public const int SymbolTable = 1;

    public static byte[] Parser(ReadOnlySpan<byte> data, ReadOnlySpan<byte> instructions)
    {
        byte[] rodata = [.. data, 0, .. new byte[(8 - (data.Length + 1) % 8) % 8], .. instructions, 0];
        int second = rodata.Length - instructions.Length - 1;
        byte[] names = Encoding.ASCII.GetBytes("\0opts_data\0opts_insn\0"), sectionNames = Encoding.ASCII.GetBytes("\0.symtab\0.strtab\0.shstrtab\0.rodata\0");
        byte[] symbols = [.. new byte[24], .. Symbol(1, 0, data.Length + 1), .. Symbol(11, second, instructions.Length + 1)];
        byte[][] contents = [[], symbols, names, sectionNames, rodata];
        (uint Name, uint Type)[] kinds = [(0, 0), (1, 2), (9, 3), (17, 3), (27, 1)];
        var body = new MemoryStream();
        body.Write(new byte[64]);
        var table = new MemoryStream();
        for (int i = 0; i < contents.Length; i++)
        {
            byte[] header = new byte[64];
            BinaryPrimitives.WriteUInt32LittleEndian(header, kinds[i].Name);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), kinds[i].Type);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), i == 0 ? 0 : body.Length);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), contents[i].Length);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(40), i == SymbolTable ? 2 : 0);
            table.Write(header);
            body.Write(contents[i]);
        }
        long tableOffset = body.Length;
        byte[] file = [.. body.ToArray(), .. table.ToArray()];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), 183);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), tableOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), (ushort)contents.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(62), 3);
        return file;
    }

    /// <summary>File offset of a field of a section header.</summary>
    public static int Field(byte[] file, int section, int offset) => (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40)) + 64 * section + offset;

    /// <summary>File offset of a symbol's field; 1 is opts_data, 2 opts_insn.</summary>
    public static int SymbolField(byte[] file, int symbol, int offset) =>
        (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(Field(file, SymbolTable, 24))) + 24 * symbol + offset;

    private static byte[] Symbol(int name, int value, int size)
    {
        byte[] symbol = new byte[24];
        BinaryPrimitives.WriteInt32LittleEndian(symbol, name);
        symbol[4] = 0x11;
        BinaryPrimitives.WriteUInt16LittleEndian(symbol.AsSpan(6), 4);
        BinaryPrimitives.WriteInt64LittleEndian(symbol.AsSpan(8), value);
        BinaryPrimitives.WriteInt64LittleEndian(symbol.AsSpan(16), size);
        return symbol;
    }
}
