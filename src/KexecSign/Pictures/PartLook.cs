using KexecSign.Inspection.Parts;

namespace KexecSign.Pictures;

/// <summary>How a kind of part is drawn.</summary>
/// <param name="Glyph">The character that its bar is made of.</param>
/// <param name="Style">Its class in style sheets.</param>
/// <param name="Light">Its colour on white, with white letters on it readable (WCAG 2.2: 4.5 to 1).</param>
/// <param name="Dark">Its colour on a dark ground, with black letters on it readable.</param>
/// <param name="Says">What it is, in a legend.</param>
internal sealed record PartLook(char Glyph, string Style, string Light, string Dark, string Says)
{
    /// <summary>The look of a kind.</summary>
    public static PartLook Of(PartKind kind) => kind switch
    {
        PartKind.Headers => new('▒', "p-headers", "#57606a", "#a8b3bd", "headers"),
        PartKind.Section => new('█', "p-section", "#1f5fae", "#7db4f5", "section"),
        PartKind.Payload => new('▓', "p-payload", "#8a4600", "#f0b060", "payload: the compressed kernel"),
        PartKind.Parser => new('◆', "p-parser", "#7a3aa8", "#cf9df2", "kexec BPF parser"),
        PartKind.Symbols => new('▤', "p-symbols", "#3e6670", "#8fc1cc", "symbols"),
        PartKind.Certificates => new('■', "p-certificates", "#0f6b3a", "#6fd09a", "certificate table: the signatures"),
        PartKind.Padding => new('░', "p-padding", "#6b6b6b", "#909090", "padding: zeros"),
        PartKind.Unclaimed => new('?', "p-unclaimed", "#a32020", "#ff9a94", "bytes that no header speaks of"),
        PartKind.Shared => new('!', "p-shared", "#a32020", "#ff9a94", "bytes that several headers claim"),
        _ => throw new System.Diagnostics.UnreachableException($"{kind}"),
    };
}
