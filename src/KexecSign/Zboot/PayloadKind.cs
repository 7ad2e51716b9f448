using KexecSign.Formats.Elf;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>What came out of a zboot image, by its first bytes.</summary>
internal static class PayloadKind
{
    /// <summary>Words for people.</summary>
    public static string Of(ReadOnlySpan<byte> head) =>
        ZbootHeader.IsZboot(head) ? "another zboot image"
        : KernelImage.TryParse(head) is { } kernel ? $"{kernel.Architecture} Image"
        : Elf64File.LooksLikeElf64(head) ? "an ELF file"
        : BzImage.TryParse(head) is not null ? "an x86 bzImage"
        : PeReader.LooksLikePe(head) ? "a PE image that is no kernel Image"
        : "unknown data";
}
