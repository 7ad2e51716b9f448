using KexecSign.Formats.Errors;

namespace KexecSign.Simulation.Errors;

/// <summary>Codes KS4550 to KS4599: what a kernel of the kexec BPF series would not do with a parser, and why.</summary>
public static class BpfRules
{
    /// <summary>The program's slots make no program.</summary>
    public static readonly ErrorCode BadInstruction = Refuses(
        "KS4550", "instruction {0} ({1}) is refused: {2}.", "Build the parser again with clang for the bpf target; do not edit its bytes.");

    /// <summary>A load or store that the kernel's verifier would refuse, or that would fault.</summary>
    public static readonly ErrorCode WildPointer = Refuses(
        "KS4551", "{0} of {1} bytes at 0x{2:x}: {3}.", "Check offsets and lengths taken from the image before they are used.");

    /// <summary>A store where the program may only read.</summary>
    public static readonly ErrorCode ReadOnly = Refuses(
        "KS4552", "a store of {0} bytes into {1}, which a program may only read.",
        "Keep what the parser changes in .data, .bss, the stack or a ring buffer record.");

    /// <summary>A load through a pointer that only helpers may follow.</summary>
    public static readonly ErrorCode NotFollowed = Refuses(
        "KS4553", "{0} of {1} bytes in {2} without a helper: the verifier does not let a program follow that pointer.",
        "Copy the bytes with bpf_probe_read_kernel() first.");

    /// <summary>An access that is not aligned where it must be.</summary>
    public static readonly ErrorCode Misaligned = Refuses(
        "KS4554", "an access of {0} bytes at offset 0x{1:x} of {2} is not aligned.", "Align the field, or access it byte by byte.");

    /// <summary>The instruction budget is used up.</summary>
    public static readonly ErrorCode Endless = Refuses(
        "KS4555", "the program did not end within {0}.", "Bound the loop by a constant; the kernel's verifier demands it.");

    /// <summary>Too many frames, or too much stack.</summary>
    public static readonly ErrorCode StackDepth = Refuses(
        "KS4556", "{0} where the kernel allows {1}.", "Keep large buffers in a ring buffer record or in .bss, and nest fewer functions.");

    /// <summary>An acquired object was not given back.</summary>
    public static readonly ErrorCode Unreleased = Refuses(
        "KS4557", "{0}, taken by instruction {1}, is not given back when the program ends.",
        "Release it on every path: bpf_ringbuf_discard(), bpf_put_parser_context(), bpf_mem_range_result_put().");

    /// <summary>An object was given back that is not held.</summary>
    public static readonly ErrorCode NotHeld = Refuses(
        "KS4558", "{0} gives back 0x{1:x}, which is {2}.", "Release each object once, with the pointer that was handed out.");

    /// <summary>A helper or kfunc was called with something it does not take.</summary>
    public static readonly ErrorCode BadArgument = Refuses(
        "KS4559", "{0}: {1}.", "Compare the call with the kernel's declaration of the function.");

    /// <summary>No such helper for this kind of program.</summary>
    public static readonly ErrorCode UnknownHelper = Refuses(
        "KS4560", "helper {0} is not one that {1} programs may call, or not one that the simulator knows.",
        "Use probe reads, ring buffers and the kfuncs of the series; nothing else is needed by a parser.");

    /// <summary>The loader stopped with an error.</summary>
    public static readonly ErrorCode LoaderFailed = Refuses(
        "KS4561", "the light skeleton's loader gave up with {0}, though no system call was refused.",
        "Build the parser again with clang and bpftool.");

    /// <summary>The loader fills descriptors that the kernel's skeleton does not have.</summary>
    public static readonly ErrorCode TooManyDescriptors = Refuses(
        "KS4562", "the loader stores at offset 0x{0:x} of a skeleton context of 0x{1:x} bytes, which has {2} maps and {3} program(s) in "
            + "series {4}.",
        "Declare exactly the maps and programs of the series, in its order; build with the bpftool of that kernel family.");

    /// <summary>The kernel's program descriptor is not filled with a program.</summary>
    public static readonly ErrorCode NoProgram = Refuses(
        "KS4563", "the program descriptor at offset 0x{0:x} holds {1}, which is no program; the parser has {2} maps where series {3} has "
            + "{4}.",
        "Declare exactly the maps and programs of the series, in its order: all four data sections must exist and be non-empty.");

    /// <summary>A kfunc or hook that the series does not have.</summary>
    public static readonly ErrorCode WrongAbi = Refuses(
        "KS4565", "the parser needs {0}, which series {1} does not have; it is part of series {2}.",
        "Build the parser for the series of the kernel that loads it: [run:bpf compile, abi].");

    /// <summary>A CO-RE relocation that finds nothing.</summary>
    public static readonly ErrorCode NoField = Refuses(
        "KS4566", "the parser reads {0}, which the kernel of series {1} does not have.",
        "Build the parser for the series of the kernel that loads it.");

    /// <summary>The parser ended without a kernel.</summary>
    public static readonly ErrorCode NoKernel = Refuses(
        "KS4567", "parser {0} ended without giving a kernel{1}.",
        "Run [run:simulate] and read the trace: it shows what the parser saw and sent.");

    /// <summary>The kernel's decompressor refuses what the parser sent.</summary>
    public static readonly ErrorCode Decompression = Refuses(
        "KS4568", "the kernel's decompressor says '{0}' to the 0x{1:x} bytes that the parser sent.",
        "Send the whole payload: the size in a zboot header does not count the four bytes behind a zstd stream, nothing is to be taken off.");

    /// <summary>No parser called itself done.</summary>
    public static readonly ErrorCode NotDone = Refuses(
        "KS4569", "none of the {0} parser(s) of level {1} sent DONE: {2}.",
        "A parser of series v7 must end with a DONE packet once everything was sent.");

    /// <summary>Parts are missing at the end.</summary>
    public static readonly ErrorCode Incomplete = Refuses(
        "KS4570", "kexec_file_load returns EINVAL: the parsers gave no {0}; series {1} needs kernel, initrd and command line.",
        "Put the missing part into the image: [run:bpf envelope, kernel, initrd, cmdline].");

    /// <summary>Nested too deep.</summary>
    public static readonly ErrorCode TooDeep = Refuses(
        "KS4571", "level {0} of nested parsers; the kernel goes down to {1}.", "Nest fewer containers.");

    /// <summary>The sections of a parser ELF are not those that the kernel takes.</summary>
    public static readonly ErrorCode BadContainer = Refuses(
        "KS4572", "the parser ELF of level {0} is refused: {1}.", "Make it with [run:bpf container].");

    /// <summary>The result is not the kernel that is packed.</summary>
    public static readonly ErrorCode OtherKernel = Refuses(
        "KS4573", "the parser gives a kernel of 0x{0:x} bytes, sha256 {1}; packed is one of 0x{2:x} bytes, sha256 {3}.",
        "The parser does not understand this image: [run:simulate] shows the packets that it sends.");

    /// <summary>A packet that the kernel does not take.</summary>
    public static readonly ErrorCode BadPacket = Refuses(
        "KS4574", "the kernel answers {0} to a packet of 0x{1:x} bytes: {2}.",
        "Compare the packet with the series' format; v6 and v7 number their commands differently.");

    /// <summary>The object's BTF cannot be read.</summary>
    public static readonly ErrorCode BadBtf = Refuses(
        "KS4575", "the parser's type information is refused: {0}.", "Build the parser again with clang -g.");

    /// <summary>A ring buffer that the kernel cannot make with its pages.</summary>
    public static readonly ErrorCode RingSize = Refuses(
        "KS4576", "the loader ends with EINVAL: map {0} is a ring buffer of 0x{1:x} bytes, but a kernel with pages of 0x{2:x} bytes "
            + "takes only powers of two that are multiples of a page.",
        "Declare ring buffers of 65536 bytes at least; arm64 kernels have pages of 4, 16 or 64 KiB.");

    private static ErrorCode Refuses(string id, string says, string mend) => new(id, says, mend, ErrorKind.Verdict);
}
