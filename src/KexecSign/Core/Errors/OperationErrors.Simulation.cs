using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A file that no kernel would read in one piece here.</summary>
    internal static readonly ErrorCode SimulatedTooLarge = new(
        "KS3650", "the file is 0x{0:x} bytes long; at most 0x{1:x} are simulated.",
        "Give a kernel image; initrds inside a UKI are best kept smaller too.");

    /// <summary>No parser in the file, and no image beside it.</summary>
    internal static readonly ErrorCode NothingToSimulate = new(
        "KS3651", "the file is neither an image with a .bpf section nor a parser ELF with .bpf.1.",
        "Put a parser in with [run:bpf embed], or make a parser ELF with [run:bpf container].");

    /// <summary>A parser ELF alone.</summary>
    internal static readonly ErrorCode SimulatedWithoutImage = new(
        "KS3652", "the file is a parser ELF, which takes another file apart, and none was given.",
        "Give the image or the envelope with [option:image].");

    /// <summary>An image beside an image.</summary>
    internal static readonly ErrorCode SimulatedTwice = new(
        "KS3653", "[option:image] was given, but the file is an image with a parser of its own, and only series v7 has the two apart.",
        "Leave [option:image] out, or give the parser ELF as FILE.");

    /// <summary>The series does not take such a file.</summary>
    internal static readonly ErrorCode SimulatedOtherSeries = new(
        "KS3654", "series {0} takes {1}, and the file is {2}.", "Give another [option:abi], or leave it out: then it is that of the file.");

    /// <summary>A parser that does not give the kernel that was packed.</summary>
    internal static readonly ErrorCode BuiltWithWrongParser = new(
        "KS3655", "the parser does not give the kernel of this image: {0}.",
        "Nothing was put in place. [run:bpf embed] and [run:simulate] show what the parser does; [run:bpf compile] makes one that works.");
}
