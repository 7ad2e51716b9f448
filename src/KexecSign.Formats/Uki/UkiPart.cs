using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Uki;

/// <summary>A section of a unified kernel image or addon, padding left out.</summary>
/// <param name="Name">Section name.</param>
/// <param name="Content">What it holds; its length is the section's VirtualSize, which is what the stub reads and measures.</param>
public sealed record UkiPart(string Name, Layout Content)
{
    private const uint ReadableData = 0x40000040;
    private const uint ReadableCode = 0x40000020;
    private const uint Discardable = 0x02000000;

    /// <summary>
    /// Section flags. The kernel counts as code as ukify has it; what the stub never reads may be discarded after loading.
    /// </summary>
    public uint Characteristics => Name switch
    {
        UkiSections.Linux => ReadableCode,
        UkiSections.Sbat or UkiSections.Magic or ".bpf" or ".sbom" => ReadableData | Discardable,
        _ => ReadableData,
    };
}
