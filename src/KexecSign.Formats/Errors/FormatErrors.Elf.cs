namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>Not a 64-bit little-endian ELF file.</summary>
    public static readonly ErrorCode NotElf64 = new(
        "KS1301", "the file begins with {0}, not with the 64-bit little-endian ELF header 7F454C460201.",
        "Give the object that the parser's build leaves; [run:inspect] tells what a file is.");

    /// <summary>A table or section outside the file.</summary>
    public static readonly ErrorCode ElfOutsideFile = new(
        "KS1302", "{0} lies at 0x{1:x} with 0x{2:x} bytes but the file is 0x{3:x} bytes long.",
        "The object is cut short or its headers lie; build it again.");

    /// <summary>A header field that makes no sense.</summary>
    public static readonly ErrorCode ElfHeader = new(
        "KS1303", "{0} is 0x{1:x} where 0x{2:x} is wanted.", "Build the object again with a current toolchain.");

    /// <summary>A symbol of the light skeleton is missing.</summary>
    public static readonly ErrorCode NoBpfSymbol = new(
        "KS1311", "there is no global symbol {0}; a parser object has opts_data and opts_insn.",
        "Build it from the light skeleton: declare both arrays without 'static'.");

    /// <summary>A symbol's range is impossible.</summary>
    public static readonly ErrorCode BpfSymbolRange = new(
        "KS1312", "{0} covers 0x{1:x} bytes at 0x{2:x} of a section of 0x{3:x} bytes.", "Build the object again.");

    /// <summary>The loader program is no whole number of instructions.</summary>
    public static readonly ErrorCode BpfInstructionLength = new(
        "KS1313", "opts_insn holds 0x{0:x} bytes (the symbol's size less its closing NUL), no multiple of 8.",
        "Build the object from the skeleton's string literal, so that the closing NUL is counted.");

    /// <summary>The byte behind an array is not NUL.</summary>
    public static readonly ErrorCode BpfNoClosingNul = new(
        "KS1314", "the last byte of {0} is 0x{1:x}; the kernel reads the symbol's size less one and expects a NUL there.",
        "Build the object from the skeleton's string literal.");

    /// <summary>More bytes than a parser object can sensibly have.</summary>
    public static readonly ErrorCode ParserTooLarge = new(
        "KS1315", "the parser is 0x{0:x} bytes; at most 0x{1:x} are read.", "Give the object of the light skeleton; it is a few KiB.");
}
