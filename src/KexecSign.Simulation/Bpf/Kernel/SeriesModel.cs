using KexecSign.Formats.Bpf;

namespace KexecSign.Simulation.Bpf.Kernel;

/// <summary>A function that a series offers to parsers.</summary>
/// <param name="Id">Number in the model's BTF.</param>
/// <param name="Name">Name in the kernel.</param>
/// <param name="Sleeps">KF_SLEEPABLE.</param>
internal sealed record KernelFunction(int Id, string Name, bool Sleeps);

/// <summary>
/// What a parser meets in a kernel of one series: the compiled-in skeleton's shape, hooks, kfuncs and structures
/// (series as posted: v5 2025-08, v6 2026-01, v7 2026-03).
/// </summary>
internal sealed class SeriesModel
{
    /// <summary>Ring buffers, .rodata, .data, .bss, .rodata.str1.1.</summary>
    public const int MapCount = 8;

    private const int RingCount = 4;
    private const int ContextHead = 24, MapDescriptor = 16, ProgramDescriptor = 4;

    private static readonly KernelFunction CopyToKernel = new(1001, "bpf_copy_to_kernel", true),
        Decompress = new(1002, "bpf_decompress", true);
    private static readonly KernelFunction ResultPut = new(1003, "bpf_mem_range_result_put", true);
    private static readonly KernelFunction GetContext = new(1004, "bpf_get_parser_context", false),
        PutContext = new(1005, "bpf_put_parser_context", false);
    private static readonly KernelFunction BufferParser = new(1006, "bpf_buffer_parser", true);
    private static readonly KernelFunction HandlePe = new(2001, "bpf_handle_pefile", true),
        PostHandlePe = new(2002, "bpf_post_handle_pefile", true);
    private static readonly KernelFunction Anchor = new(2003, "kexec_image_parser_anchor", true);

    private SeriesModel(
        ParserAbi abi, string name, Func<SimulationInput, IKernelDecompressor, KexecRun> begin, KernelFunction[] hooks,
        KernelFunction[] functions,
        string[] dataMaps, params ModelStruct[] types)
    {
        Abi = abi;
        Begin = begin;
        Name = name;
        Hooks = hooks;
        Functions = functions;
        DataMaps = dataMaps;
        Types = types;
    }

    /// <summary>The three series.</summary>
    public static IReadOnlyList<SeriesModel> All { get; } =
    [
        new(
            ParserAbi.V5, "v5", (input, unpack) => new CarrierRun(input, unpack), [HandlePe, PostHandlePe],
            [CopyToKernel, Decompress, ResultPut], [".rodata", ".data", ".bss", ".rodata.str1.1"],
            Context("image", 4),
            new(
                "mem_range_result", 56, new("ref", 0, 4), new("buf", 8, 8), new("buf_sz", 16, 4), new("data_sz", 20, 4),
                new("alloc_type", 24, 4), new("pages", 32, 8), new("pg_cnt", 40, 4), new("status", 44, 4, IsSigned: true),
                    new("memcg", 48, 8)))
        {
            HookArguments = 1,
        },
        new(
            ParserAbi.V6, "v6", (input, unpack) => new ImageRun(input, unpack), [Anchor], [GetContext, PutContext, BufferParser],
            [".rodata", ".data", ".rodata.str1.1", ".bss"], Context("kernel", 4))
        {
            HookArguments = 2,
        },
        new(
            ParserAbi.V7, "v7", (input, unpack) => new ContainerRun(input, unpack), [Anchor], [GetContext, PutContext, BufferParser],
            [".rodata", ".data", ".rodata.str1.1", ".bss"],
            new ModelStruct(
                "kexec_context", 312, new("kdump", 0, 1), new("parsed", 1, 1), new("parsing_buf", 8, 8, Count: 16),
                new("parsing_buf_sz", 136, 8, Count: 16),
                new("kernel", 264, 8), new("kernel_sz", 272, 8), new("initrd", 280, 8), new("initrd_sz", 288, 8), new("cmdline", 296, 8),
                    new("cmdline_sz", 304, 8)))
        {
            HookArguments = 2,
        },
    ];

    public ParserAbi Abi { get; }

    /// <summary>Begins a load as its kernel does.</summary>
    public Func<SimulationInput, IKernelDecompressor, KexecRun> Begin { get; }

    public string Name { get; }

    /// <summary>Functions that programs are attached to, in the order of the program descriptors.</summary>
    public KernelFunction[] Hooks { get; }

    public KernelFunction[] Functions { get; }

    /// <summary>Names of the maps behind the ring buffers, in the order of the descriptors.</summary>
    public string[] DataMaps { get; }

    public ModelStruct[] Types { get; }

    public ModelStruct ContextType => Types[0];

    /// <summary>Size of what the loader fills, in bytes.</summary>
    public int SkeletonSize => ContextHead + (MapCount * MapDescriptor) + (Hooks.Length * ProgramDescriptor);

    /// <summary>Arguments of the hooks.</summary>
    public required int HookArguments { get; init; }

    public static SeriesModel Of(ParserAbi abi) => All.First(s => s.Abi == abi);

    /// <summary>Where the descriptor of a map lies; its file descriptor is the first field.</summary>
    public static int MapOffset(int index) => ContextHead + (index * MapDescriptor);

    /// <summary>Where the descriptor of a program lies.</summary>
    public static int ProgramOffset(int index) => ContextHead + (MapCount * MapDescriptor) + (index * ProgramDescriptor);

    /// <summary>Whether a descriptor is that of a ring buffer.</summary>
    public static bool IsRing(int index) => index < RingCount;

    /// <summary>The series that has a function of this name.</summary>
    public static string? WhoHas(string name) =>
        string.Join(" and ", All.Where(s => s.Functions.Concat(s.Hooks).Any(f => f.Name == name)).Select(s =>
            s.Name)) is { Length: > 0 } names ? names : null;

    private static ModelStruct Context(string image, int sizeBytes) => new(
        "kexec_context", 56, new("kdump", 0, 1), new(image, 8, 8), new(image + "_sz", 16, sizeBytes, IsSigned: true),
        new("initrd", 24, 8), new("initrd_sz", 32, sizeBytes, IsSigned: true), new("cmdline", 40, 8),
            new("cmdline_sz", 48, sizeBytes, IsSigned: true));
}
