using System.Collections.Immutable;

namespace KexecSign.Formats.Bpf;

/// <summary>Where the kernels of a series look for parsers.</summary>
public enum ParserCarrier
{
    /// <summary>In the section .bpf of the image that they load.</summary>
    ImageSection,

    /// <summary>In an ELF of its own; the image comes beside it, in the initrd's place.</summary>
    ParserElf,
}

/// <summary>
/// A series and what it asks of a parser: the one table that options, policies, schemas and checks ask. (The kernel's model under
/// Simulation has its own, SeriesModel, on purpose; the built-in parsers have theirs in src/parsers/kexec.h.)
/// </summary>
/// <param name="Abi">The series.</param>
/// <param name="Number">What KEXEC_ABI is when a parser is compiled for it.</param>
/// <param name="Carrier">Where its kernels look for parsers.</param>
/// <param name="Hooks">What the parser's programs attach to, in the order of the skeleton.</param>
/// <param name="Functions">Kernel functions that its programs may call.</param>
/// <param name="DataMaps">Maps behind the ring buffers, in the order of the skeleton.</param>
public sealed record ParserSeries(
    ParserAbi Abi, int Number, ParserCarrier Carrier, ImmutableArray<string> Hooks, ImmutableArray<string> Functions,
        ImmutableArray<string> DataMaps)
{
    private static readonly ImmutableArray<string> ContextFunctions =
        ["bpf_get_parser_context", "bpf_put_parser_context", "bpf_buffer_parser"];
    private static readonly ImmutableArray<string> Anchor = ["kexec_image_parser_anchor"],
        ReadOnlyFirst = ["rodata", "data", "rodata_str1_1", "bss"];

    /// <summary>
    /// A field of the hook's context that earlier series with the same hook do not have; null where the hook tells enough.
    /// </summary>
    public string? OwnField { get; init; }

    /// <summary>Its name in options, policies and reports.</summary>
    public string Word => $"v{Number}";

    /// <summary>All of them, the oldest first.</summary>
    public static ImmutableArray<ParserSeries> All { get; } =
    [
        new(
            ParserAbi.V5, 5, ParserCarrier.ImageSection, ["bpf_handle_pefile", "bpf_post_handle_pefile"],
            ["bpf_copy_to_kernel", "bpf_decompress", "bpf_mem_range_result_put"], ["rodata", "data", "bss", "rodata_str1_1"]),
        new(ParserAbi.V6, 6, ParserCarrier.ImageSection, Anchor, ContextFunctions, ReadOnlyFirst) { OwnField = "kernel_sz" },
        new(ParserAbi.V7, 7, ParserCarrier.ParserElf, Anchor, ContextFunctions, ReadOnlyFirst) { OwnField = "parsing_buf" },
    ];

    /// <summary>The words of all.</summary>
    public static ImmutableArray<string> Words { get; } = [.. All.Select(series => series.Word)];

    /// <summary>All words, for people: <c>v5, v6 or v7</c>.</summary>
    public static string Listed { get; } = $"{string.Join(", ", Words[..^1])} or {Words[^1]}";

    /// <summary>What is said of a parser that names none of the hooks.</summary>
    public static string NoHook { get; } = HooksMissing([.. All.Reverse().Select(series => series.Hooks[0]).Distinct()]);

    /// <summary>All series that look for parsers there.</summary>
    public static ParserAbi Of(ParserCarrier carrier) =>
        All.Where(series => series.Carrier == carrier).Aggregate(ParserAbi.Unknown, (all, series) => all | series.Abi);

    /// <summary>By its word; null when there is none.</summary>
    public static ParserSeries? Named(string word) => All.FirstOrDefault(series => series.Word == word);

    /// <summary>Those that a parser may have been made for, the oldest first.</summary>
    public static ImmutableArray<ParserSeries> In(ParserAbi abi) => [.. All.Where(series => (abi & series.Abi) != 0)];

    /// <summary>The series as people write them.</summary>
    public static string Name(ParserAbi abi) =>
        In(abi) is { IsEmpty: false } series ? string.Join(" or ", series.Select(s => s.Word)) : "no known series";

    /// <summary>
    /// Those that a loader's data names: by the hook, and by a field that only one has. Names in BTF stand between two NULs. Later
    /// contexts keep the fields of earlier ones, so the latest is asked first.
    /// </summary>
    public static ParserAbi Detect(ReadOnlySpan<byte> data)
    {
        ParserAbi possible = ParserAbi.Unknown;
        foreach (ParserSeries series in All.Reverse())
        {
            if (data.IndexOf(System.Text.Encoding.ASCII.GetBytes(series.Hooks[0])) < 0)
                continue;
            // A later hook is the parser's own; an older one beside it is a mere name.
            if (possible != ParserAbi.Unknown && In(possible)[0].Hooks[0] != series.Hooks[0])
                break;
            if (series.OwnField is { } field && data.IndexOf(System.Text.Encoding.ASCII.GetBytes($"\0{field}\0")) >= 0)
                return series.Abi;
            possible |= series.Abi;
        }
        return possible;
    }

    private static string HooksMissing(string[] hooks) =>
        $"neither {string.Join(", ", hooks[..^1])} nor {hooks[^1]} is named in opts_data; no known kernel series would call this parser.";
}
