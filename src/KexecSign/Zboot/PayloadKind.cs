using KexecSign.Images;

namespace KexecSign.Zboot;

/// <summary>What came out of a zboot image, by its first bytes.</summary>
internal static class PayloadKind
{
    /// <summary>Words for people.</summary>
    public static string Of(ReadOnlySpan<byte> head)
    {
        var known = KnownImage.Of(head);
        return known.Kind switch
        {
            ImageKind.Zboot => "another zboot image",
            ImageKind.KernelImage => $"{known.Kernel!.Architecture} Image",
            ImageKind.Elf => "an ELF file",
            ImageKind.BzImage => "an x86 bzImage",
            ImageKind.Efi or ImageKind.Unified => "a PE image that is no kernel Image",
            ImageKind.Gzip or ImageKind.Unknown => "unknown data",
        };
    }
}
