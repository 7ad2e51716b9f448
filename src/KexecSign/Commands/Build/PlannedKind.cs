using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;

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

    /// <summary>What a file is; null for what is no image.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002.</exception>
    public static PlannedKind? Of(string file, string? kit)
    {
        using FileSource source = FileSource.Open(file);
        Layout layout = source.ToLayout();
        var known = KnownImage.Of(layout);
        return Of(file, known, kit) is { } kind ? kind with { IsSigned = known.IsPe && PeReader.ReadDamaged(layout).IsSigned } : null;
    }

    private static PlannedKind? Of(string file, KnownImage known, string? kit) => known.Kind switch
    {
        ImageKind.Zboot => new(file, "EFI zboot kernel", HasInner: true, null),
        ImageKind.KernelImage => new(file, $"{known.Kernel!.Architecture.ToString().ToLowerInvariant()} kernel Image",
            HasInner: kit is not null, kit),
        ImageKind.BzImage => new(file, "x86 bzImage", HasInner: false, null),
        ImageKind.Efi or ImageKind.Unified => new(file, "EFI image", HasInner: false, null),
        ImageKind.Elf or ImageKind.Gzip or ImageKind.Unknown => null,
    };
}
