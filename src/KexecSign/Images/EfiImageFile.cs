using KexecSign.Batches;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Images;

/// <summary>Which files below a folder are EFI images. Kernels have no ending to know them by, so what is in a file decides.</summary>
internal static class EfiImageFile
{
    // EFI_IMAGE_SUBSYSTEM_EFI_ROM of the PE/COFF specification, the last of four behind EFI_APPLICATION.
    private const ushort EfiRom = 13;

    /// <summary>
    /// Whether a file is one. Broken images are taken, because whoever works on them says what is wrong; and so is what cannot be opened.
    /// Programs of other systems are not.
    /// </summary>
    public static bool Is(SelectedFile file)
    {
        try
        {
            using FileSource source = file.Open();
            Layout image = source.ToLayout();
            return image.Length >= 2 && image.ReadBytes(0, 2).AsSpan().SequenceEqual("MZ"u8)
                && PeReader.ReadDamaged(image).Subsystem is >= PeConstants.EfiApplication and <= EfiRom;
        }
        catch (KexecSignException)
        {
            return true;
        }
    }
}
