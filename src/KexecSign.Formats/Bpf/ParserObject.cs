using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// The ELF object that a kexec BPF parser travels in: two global symbols, <c>opts_data</c> (what the light skeleton's
/// loader reads) and <c>opts_insn</c> (the loader program). The kernel takes each symbol's size less one, because a C
/// string literal ends in a NUL ("kexec: Use BPF lskel", v6 10/13).
/// </summary>
/// <param name="Data">Content of opts_data without its closing NUL.</param>
/// <param name="Instructions">Content of opts_insn without its closing NUL; 8 bytes an instruction.</param>
/// <param name="Abi">Kernel series, by the hook's name in <paramref name="Data"/>.</param>
public sealed record ParserObject(ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Instructions, ParserAbi Abi)
{

    /// <summary>
    /// Whether the parser takes 4 bytes off the payload, as the source lines in its debug information say; those of the
    /// kernel series posted so far do, and a zstd frame does not survive that.
    /// </summary>
    public bool CutsPayload => Data.Span.IndexOf("payload_size - 4"u8) >= 0;

    /// <summary>Reads the object and checks all that the kernel's reader takes for granted.</summary>
    /// <param name="elf">The object; zero padding behind it is allowed.</param>
    /// <exception cref="KexecSignException">KS1301-KS1303, KS1311-KS1314.</exception>
    public static ParserObject Parse(ReadOnlyMemory<byte> elf)
    {
        Elf64File file = Elf64File.Parse(elf);
        if (file.Type != ElfHead.Relocatable)
            throw FormatErrors.ElfHeader.With("e_type", file.Type, ElfHead.Relocatable);
        ReadOnlyMemory<byte> data = Array(file, "opts_data"), instructions = Array(file, "opts_insn");
        if (instructions.Length == 0 || instructions.Length % 8 != 0)
            throw FormatErrors.BpfInstructionLength.With(instructions.Length);
        return new(data, instructions, ParserSeries.Detect(data.Span));
    }

    private static ReadOnlyMemory<byte> Array(Elf64File file, string name)
    {
        ElfSymbol symbol = file.Symbols().FirstOrDefault(s => s.IsGlobal && s.Name == name && s.SectionIndex != 0
            && s.SectionIndex < file.Sections.Length)
            ?? throw FormatErrors.NoBpfSymbol.With(name);
        ReadOnlyMemory<byte> section = file.Content(file.Sections[symbol.SectionIndex]);
        if (symbol.Size == 0 || symbol.Size > (ulong)section.Length || symbol.Value > (ulong)section.Length - symbol.Size)
            throw FormatErrors.BpfSymbolRange.With(name, symbol.Size, symbol.Value, section.Length);
        ReadOnlyMemory<byte> bytes = section.Slice((int)symbol.Value, (int)symbol.Size);
        if (bytes.Span[^1] != 0)
            throw FormatErrors.BpfNoClosingNul.With(name, bytes.Span[^1]);
        return bytes[..^1];
    }
}
