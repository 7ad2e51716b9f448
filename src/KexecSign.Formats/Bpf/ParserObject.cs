using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Bpf;

/// <summary>Which kernel series a parser object was made for; they are never mixed.</summary>
public enum ParserAbi
{
    /// <summary>Hook <c>bpf_handle_pefile</c>: series v3 to v5.</summary>
    V5,

    /// <summary>Hook <c>kexec_image_parser_anchor</c>: series v6, or v7, which only the packets that it sends tell apart.</summary>
    V6OrV7,

    /// <summary>Neither hook's name is in the loader's data.</summary>
    Unknown,
}

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
    private const ushort Relocatable = 1;

    /// <summary>Reads the object and checks all that the kernel's reader takes for granted.</summary>
    /// <param name="elf">The object; zero padding behind it is allowed.</param>
    /// <exception cref="KexecSignException">KS1301-KS1303, KS1311-KS1314.</exception>
    public static ParserObject Parse(ReadOnlyMemory<byte> elf)
    {
        Elf64File file = Elf64File.Parse(elf);
        if (file.Type != Relocatable)
            throw FormatErrors.ElfHeader.With("e_type", file.Type, Relocatable);
        ReadOnlyMemory<byte> data = Array(file, "opts_data"), instructions = Array(file, "opts_insn");
        if (instructions.Length == 0 || instructions.Length % 8 != 0)
            throw FormatErrors.BpfInstructionLength.With(instructions.Length);
        return new(data, instructions, DetectAbi(data.Span));
    }

    private static ReadOnlyMemory<byte> Array(Elf64File file, string name)
    {
        ElfSymbol symbol = file.Symbols().FirstOrDefault(s => s.IsGlobal && s.Name == name && s.SectionIndex != 0 && s.SectionIndex < file.Sections.Length)
            ?? throw FormatErrors.NoBpfSymbol.With(name);
        ReadOnlyMemory<byte> section = file.Content(file.Sections[symbol.SectionIndex]);
        if (symbol.Size == 0 || symbol.Size > (ulong)section.Length || symbol.Value > (ulong)section.Length - symbol.Size)
            throw FormatErrors.BpfSymbolRange.With(name, symbol.Size, symbol.Value, section.Length);
        ReadOnlyMemory<byte> bytes = section.Slice((int)symbol.Value, (int)symbol.Size);
        if (bytes.Span[^1] != 0)
            throw FormatErrors.BpfNoClosingNul.With(name, bytes.Span[^1]);
        return bytes[..^1];
    }

    private static ParserAbi DetectAbi(ReadOnlySpan<byte> data) =>
        data.IndexOf("kexec_image_parser_anchor"u8) >= 0 ? ParserAbi.V6OrV7
        : data.IndexOf("bpf_handle_pefile"u8) >= 0 ? ParserAbi.V5
        : ParserAbi.Unknown;
}
