using System.Text.Json.Serialization;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// Kernel series of the kexec BPF patches: those that a parser may have been made for, or the one of a kernel. None is merged, and no two
/// take the same parser. What is true of each stands in <see cref="ParserSeries"/>.
/// </summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<ParserAbi>))]
public enum ParserAbi
{
    /// <summary>No hook's name is in the loader's data.</summary>
    Unknown = 0,

    /// <summary>Series v3 to v5 (2025).</summary>
    V5 = 1,

    /// <summary>Series v6 (2026-01).</summary>
    V6 = 2,

    /// <summary>Series v7 (2026-03).</summary>
    V7 = 4,

    /// <summary>The hook of v6 and v7, but nothing that tells which: only the packets that it sends do.</summary>
    V6OrV7 = V6 | V7,
}
