using System.Text.Json.Serialization;

namespace KexecSign.Simulation.Bpf;

/// <summary>A series of the kernel patches that run parsers; none is merged, and no two take the same parser.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<KexecBpfAbi>))]
public enum KexecBpfAbi
{
    /// <summary>v3 to v5 (2025): hook bpf_handle_pefile, results by name.</summary>
    V5,

    /// <summary>v6 (2026-01): hook kexec_image_parser_anchor, packets with a header of 8 bytes.</summary>
    V6,

    /// <summary>v7 (2026-03): parser ELF and image apart, packets with a header of 10 bytes, nesting by .bpf.nested.</summary>
    V7,
}
