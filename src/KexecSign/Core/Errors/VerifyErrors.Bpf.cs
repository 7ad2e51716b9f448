using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class VerifyErrors
{
    /// <summary>Maps in another order or number.</summary>
    internal static readonly ErrorCode ContractMaps = new(
        "KS4500", "the maps are {0}; the kernel's skeleton of {1} fills its descriptors by position and has {2}.",
        "Include 'skeleton.h' of the built-in parsers: it makes these maps in this order.", ErrorKind.Verdict);

    /// <summary>Programs in another number.</summary>
    internal static readonly ErrorCode ContractPrograms = new(
        "KS4501", "there are {0} programs; the skeleton of {1} has {2}.", "Keep what is not a program in functions.", ErrorKind.Verdict);

    /// <summary>A program at another hook.</summary>
    internal static readonly ErrorCode ContractTarget = new(
        "KS4502", "program {0} is attached to {1}; {2} calls {3}.", "Name the section fentry.s/{3}.", ErrorKind.Verdict);

    /// <summary>A program that is no sleepable fentry program.</summary>
    internal static readonly ErrorCode ContractSleepable = new(
        "KS4503", "program {0} is no sleepable fentry program; the kernel's functions for parsers sleep.",
        "Name the section fentry.s/{1}.", ErrorKind.Verdict);

    /// <summary>A function the series does not have.</summary>
    internal static readonly ErrorCode ContractFunction = new(
        "KS4504", "program {0} calls {1}, which {2} does not have; it has {3}.", "Compile the parser for the series that has it.",
        ErrorKind.Verdict);

    /// <summary>A license the kernel refuses.</summary>
    internal static readonly ErrorCode ContractLicense = new(
        "KS4505", "program {0} has the license '{1}'; what a parser calls is only for GPL-compatible ones.",
        "Put \"GPL\" into the section license.", ErrorKind.Verdict);

    /// <summary>A ring too small for the page size.</summary>
    internal static readonly ErrorCode RingBufferPages = new(
        "KS4506", "{0} has 0x{1:x} bytes; a kernel with pages of {2} KiB refuses it, the size must be a multiple of 0x{3:x}.",
        "Make every ring buffer 64 KiB or more.", ErrorKind.Verdict);

    /// <summary>A ring that is no power of two.</summary>
    internal static readonly ErrorCode RingBufferSize = new(
        "KS4507", "{0} has 0x{1:x} bytes, no power of two; every kernel refuses it.", "Use a power of two.", ErrorKind.Verdict);

    /// <summary>A path of the machine that built it.</summary>
    internal static readonly ErrorCode NamesBuildPath = new(
        "KS4508", "the debug information names {0} of the machine that compiled it; the object differs from folder to folder.",
        "Compile with [run:bpf compile], or with -ffile-prefix-map and -fdebug-compilation-dir.", ErrorKind.Verdict);

    /// <summary>The 4-byte bug.</summary>
    internal static readonly ErrorCode CutsPayload = new(
        "KS4509", "the parser takes 4 bytes off the payload, whatever its compression; a zstd payload does not survive that.",
        "Hand over payload_size bytes, as the built-in parser does; or use gzip.", ErrorKind.Verdict);

    /// <summary>No series.</summary>
    internal static readonly ErrorCode NoSeries = new(
        "KS4510", "neither kexec_image_parser_anchor nor bpf_handle_pefile is named in the parser.",
        "No known kernel series would call it.", ErrorKind.Verdict);

    /// <summary>Series mixed in one container.</summary>
    internal static readonly ErrorCode MixedSeries = new(
        "KS4511", "{0} is for {1}, but {2} reads parsers for {3} there.", "Compile all parsers of a container for the same series.",
        ErrorKind.Verdict);

    /// <summary>Signed outside, not inside.</summary>
    internal static readonly ErrorCode LevelUnsigned = new(
        "KS4512", "level {0} has no appended signature, level {1} has; a kernel that enforces signatures wants one at every level.",
        "Make the container again, innermost level first, each with [option:key] and [option:cert].", ErrorKind.Verdict);

    /// <summary>A part that cannot be read.</summary>
    internal static readonly ErrorCode PartUnreadable = new(
        "KS4513", "{0} cannot be read: {1}", "Compile the parser again.", ErrorKind.Verdict);
}
