using System.Buffers.Binary;
using KexecSign.Formats.Elf;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// Writes the object that a parser travels in: ET_REL with the global symbols opts_data and opts_insn, both aligned to 8
/// and each followed by the NUL that the kernel takes off the symbol's size again. The same bytes on every host.
/// </summary>
public static class BytecodeObject
{
    private const ushort Relocatable = 1;
    private const ushort MachineBpf = 247;
    private const uint ProgramBits = 1;
    private const uint SymbolTable = 2;
    private const uint StringTable = 3;
    private const ulong Allocated = 2;
    private const int SymbolSize = 24;
    private const byte GlobalObject = 0x11;

    /// <summary>The object's bytes.</summary>
    public static byte[] Write(LightSkeleton skeleton)
    {
        (byte[] names, var nameAt) = ElfWriter.Names([".rodata", ".symtab", ".strtab", ".shstrtab"]);
        (byte[] symbolNames, var symbolAt) = ElfWriter.Names(["opts_data", "opts_insn"]);
        int dataSize = skeleton.Data.Length + 1, instructionSize = skeleton.Instructions.Length + 1;
        int instructions = Up(dataSize), content = instructions + instructionSize;
        int symbols = ElfWriter.HeaderSize + Up(content), strings = symbols + 3 * SymbolSize;
        int sectionNames = strings + symbolNames.Length, table = Up(sectionNames + names.Length);

        byte[] file = new byte[table + 5 * ElfWriter.HeaderSize];
        ElfWriter.Header(Relocatable, MachineBpf, table, sections: 5, names: 4).CopyTo(file, 0);
        skeleton.Data.CopyTo(file.AsMemory(ElfWriter.HeaderSize));
        skeleton.Instructions.CopyTo(file.AsMemory(ElfWriter.HeaderSize + instructions));
        Symbol(symbolAt[0], 0, dataSize).CopyTo(file, symbols + SymbolSize);
        Symbol(symbolAt[1], instructions, instructionSize).CopyTo(file, symbols + 2 * SymbolSize);
        symbolNames.CopyTo(file, strings);
        names.CopyTo(file, sectionNames);
        Put(1, ElfWriter.Section(nameAt[0], ProgramBits, Allocated, ElfWriter.HeaderSize, content, 0, 0, 8, 0));
        Put(2, ElfWriter.Section(nameAt[1], SymbolTable, 0, symbols, 3 * SymbolSize, link: 3, info: 1, 8, SymbolSize));
        Put(3, ElfWriter.Section(nameAt[2], StringTable, 0, strings, symbolNames.Length, 0, 0, 1, 0));
        Put(4, ElfWriter.Section(nameAt[3], StringTable, 0, sectionNames, names.Length, 0, 0, 1, 0));
        return file;

        void Put(int index, byte[] section) => section.CopyTo(file, table + index * ElfWriter.HeaderSize);
    }

    private static byte[] Symbol(int name, int value, int size)
    {
        byte[] symbol = new byte[SymbolSize];
        BinaryPrimitives.WriteInt32LittleEndian(symbol, name);
        symbol[4] = GlobalObject;
        BinaryPrimitives.WriteUInt16LittleEndian(symbol.AsSpan(6), 1);
        BinaryPrimitives.WriteInt64LittleEndian(symbol.AsSpan(8), value);
        BinaryPrimitives.WriteInt64LittleEndian(symbol.AsSpan(16), size);
        return symbol;
    }

    private static int Up(int value) => (value + 7) & ~7;
}
