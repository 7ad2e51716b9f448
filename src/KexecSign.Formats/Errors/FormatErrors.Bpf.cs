namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>No array of that name in a light skeleton.</summary>
    public static readonly ErrorCode SkeletonArrayMissing = new(
        "KS1320", "the light skeleton has no {0}: neither 'opts_{0}[] = \"...\"' nor 'opts.{1} = (void *)\"...\"'.",
        "Make it with 'bpftool gen skeleton -L'; bpftool 7.1 and 7.5 are known to work.");

    /// <summary>A string literal that is not what bpftool writes.</summary>
    public static readonly ErrorCode SkeletonLiteral = new(
        "KS1321", "line {0} of the light skeleton: {1}.", "Give what 'bpftool gen skeleton -L' printed, unchanged.");

    /// <summary>The literal and the size beside it differ.</summary>
    public static readonly ErrorCode SkeletonSize = new(
        "KS1322", "the light skeleton says that {0} has {1} bytes but its literal has {2}.",
        "Make the skeleton again; it is cut or was edited.");

    /// <summary>The loader program cannot be followed.</summary>
    public static readonly ErrorCode LoaderProgram = new(
        "KS1323", "opts_insn, instruction {0}: {1}.", "This is no loader program as libbpf makes it; compile the parser again.");

    /// <summary>The loader names bytes outside its data.</summary>
    public static readonly ErrorCode LoaderData = new(
        "KS1324", "opts_insn, instruction {0}: {1} lies at 0x{2:x} with 0x{3:x} bytes, but opts_data has 0x{4:x}.",
        "opts_data and opts_insn do not belong together; compile the parser again.");

    /// <summary>A section that the kernel does not allow in a parser ELF.</summary>
    public static readonly ErrorCode ParserElfSection = new(
        "KS1330", "section {0} is named '{1}'; a parser ELF has .bpf.1 to .bpf.8, one .bpf.nested and .shstrtab, and nothing else.",
        "Make it with [run:bpf container]; objcopy and strip leave sections behind that the kernel refuses.");

    /// <summary>A section twice.</summary>
    public static readonly ErrorCode ParserElfTwice = new(
        "KS1331", "the parser ELF has two sections {0}.", "Make it with [run:bpf container].");

    /// <summary>A gap in the numbers.</summary>
    public static readonly ErrorCode ParserElfGap = new(
        "KS1332", "the parser ELF has {0} sections .bpf.N but no .bpf.{1}; they are numbered from 1 without gaps.",
        "Make it with [run:bpf container].");

    /// <summary>Too many levels.</summary>
    public static readonly ErrorCode ParserElfDepth = new(
        "KS1333", "the parser ELFs are nested {0} deep; the kernel stops at level {1}.", "Leave out the innermost.");

    /// <summary>A string table the kernel refuses.</summary>
    public static readonly ErrorCode ElfNames = new(
        "KS1334", "{0}.", "Make the file with [run:bpf container] or [run:bpf envelope].");

    /// <summary>No section table.</summary>
    public static readonly ErrorCode ElfNoSections = new(
        "KS1335", "the ELF file has no section table.", "Give a file made with [run:bpf container] or [run:bpf envelope].");

    /// <summary>A section that was asked for is not there.</summary>
    public static readonly ErrorCode ElfSectionMissing = new(
        "KS1336", "there is no section {0}; there are: {1}.", "Name one of these with [option:section].");

    /// <summary>Too many parsers for one level.</summary>
    public static readonly ErrorCode TooManyParsers = new(
        "KS1337", "{0} parsers are given; a level has 1 to {1} of them.", "Leave out the alternatives that no kernel needs.");

    /// <summary>A container too large for the kernel.</summary>
    public static readonly ErrorCode ContainerTooLarge = new(
        "KS1338", "the {0} would be 0x{1:x} bytes; the kernel reads at most 0x{2:x}.", "Make the initrd smaller.");

    /// <summary>Not an envelope.</summary>
    public static readonly ErrorCode NotAnEnvelope = new(
        "KS1339", "the envelope has {0} sections named {1}; the parser wants one.", "Make it with [run:bpf envelope].");

    /// <summary>A section of an envelope that the zboot parser would pass over.</summary>
    public static readonly ErrorCode EnvelopeSectionUnseen = new(
        "KS1340", "section {0} is number {1}; the parsers of the series look at sections 1 to {2}.", "Make it with [run:bpf envelope].");

    /// <summary>A BTF blob that cannot be read.</summary>
    public static readonly ErrorCode BtfHeader = new(
        "KS1341", "the BTF in opts_data {0}.", "Compile the parser again, with -g.");
}
