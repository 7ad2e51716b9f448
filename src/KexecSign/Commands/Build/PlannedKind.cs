using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>An image and what a plan does with its kind.</summary>
/// <param name="File">The file.</param>
/// <param name="Kind">What it is, for people.</param>
/// <param name="HasInner">Whether there is, or will be, an Image inside to sign.</param>
/// <param name="Kit">The kit to link it with; null for none.</param>
internal sealed record PlannedKind(string File, string Kind, bool HasInner, string? Kit)
{
    /// <summary>Whether it carries signatures already.</summary>
    public bool IsSigned { get; private init; }

    private const int HeadSize = 4096;

    /// <summary>What a file is; null for what is no image.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002.</exception>
    public static PlannedKind? Of(string file, string? kit)
    {
        using FileSource source = FileSource.Open(file);
        Layout layout = source.ToLayout();
        byte[] head = layout.ReadBytes(0, Math.Min(HeadSize, layout.Length));
        return Of(file, head, kit) is { } kind ? kind with { IsSigned = PeReader.LooksLikePe(head) && PeReader.ReadDamaged(layout).IsSigned } : null;
    }

    private static PlannedKind? Of(string file, byte[] head, string? kit)
    {
        if (ZbootHeader.IsZboot(head))
            return new(file, "EFI zboot kernel", HasInner: true, null);
        if (KernelImage.TryParse(head) is { } kernel)
            return new(file, $"{kernel.Architecture.ToString().ToLowerInvariant()} kernel Image", HasInner: kit is not null, kit);
        if (BzImage.TryParse(head) is not null)
            return new(file, "x86 bzImage", HasInner: false, null);
        return PeReader.LooksLikePe(head) ? new(file, "EFI image", HasInner: false, null) : null;
    }
}
