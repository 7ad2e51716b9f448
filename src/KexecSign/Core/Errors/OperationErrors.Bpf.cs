using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>Neither a source nor a built-in parser, or both.</summary>
    internal static readonly ErrorCode ParserSource = new(
        "KS3600", "'bpf compile' needs either a source file or [option:parser], and {0} given.",
        "Give a .bpf.c file, or [option:parser zboot], or [option:parser uki].", ErrorKind.Usage);

    /// <summary>The compiled parser breaks the contract.</summary>
    internal static readonly ErrorCode ParserBreaksContract = new(
        "KS3601", "the compiled parser breaks the contract of {0} in {1} place(s), first {2}",
        "Include 'skeleton.h' of the built-in parsers instead of maps of your own; [run:bpf inspect] lists all places of a finished object.");

    /// <summary>A size that makes no ring buffer.</summary>
    internal static readonly ErrorCode RingSize = new(
        "KS3602", "[option:ring-size] is {0}; a ring buffer is a power of two from {1} to {2}.",
        "Leave it out: it is computed from [option:image-size].", ErrorKind.Usage);

    /// <summary>A value that is no number of bytes.</summary>
    internal static readonly ErrorCode ByteCount = new(
        "KS3603", "[option:{0}] does not take '{1}'.", "It takes a number of bytes, or of KiB, MiB or GiB with K, M or G behind it.",
        ErrorKind.Usage);

    /// <summary>An object for another series in a v7 container.</summary>
    internal static readonly ErrorCode ContainerAbi = new(
        "KS3604", "the parser is for {0}; a parser ELF is read by {1} kernels only.",
        "Compile it with [option:abi {1}]; a parser for {2} goes into an image with [run:bpf embed].");

    /// <summary>A v7 parser for the section of a PE.</summary>
    internal static readonly ErrorCode EmbeddedAbi = new(
        "KS3605", "the parser is for {0}; {0} kernels do not look into the image for it, and older ones would run it with the wrong "
            + "packets.",
        "Compile it with [option:abi {1}], or make a parser ELF with [run:bpf container].");

    /// <summary>Inner and outer image with parsers of different series.</summary>
    internal static readonly ErrorCode NestedAbi = new(
        "KS3606", "the parser is for {0}, but the image in .linux carries one for {1}; one kernel runs both.",
        "Compile both for the same series.");

    /// <summary>The kernel of an envelope is no zboot image.</summary>
    internal static readonly ErrorCode EnvelopeKernel = new(
        "KS3607", "{0} is no EFI zboot image; the parser takes nothing else from .kernel.",
        "Give vmlinuz.efi; a UKI is given to the kernel as it is, without an envelope.");

    /// <summary>An empty initrd.</summary>
    internal static readonly ErrorCode EnvelopeInitrd = new(
        "KS3608", "{0} is empty; the kernel refuses an envelope without an initrd.", "Give an initrd.");

    /// <summary>A command line with NUL, or too long.</summary>
    internal static readonly ErrorCode EnvelopeCommandLine = new(
        "KS3609", "the command line {0}.", "Give one line of text; @FILE reads it from a file.");

    /// <summary>Nothing that extract knows.</summary>
    internal static readonly ErrorCode NothingToExtract = new(
        "KS3610", "the file is neither a PE image with a .bpf section, nor a parser ELF, nor an envelope.",
        "[run:inspect] tells what it is.");

    /// <summary>A signature without a key.</summary>
    internal static readonly ErrorCode ContainerKey = new(
        "KS3611", "{0} is given but not {1}.", "Give both to sign every level, or neither.", ErrorKind.Usage);

    /// <summary>A container that would be too deep.</summary>
    internal static readonly ErrorCode ContainerDepth = new(
        "KS3612", "the parser ELF would be {0} levels deep; the kernel goes {1} deep.", "Leave out the innermost.");

    /// <summary>A source that is not there.</summary>
    internal static readonly ErrorCode CompilerLeftNothing = new(
        "KS5050", "{0} ended without an error but left no {1}.", "Run it by hand; [run:, v] shows how.");
}
