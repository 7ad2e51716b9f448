using KexecSign.Core;
using KexecSign.Batches;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Images;

/// <summary>Where an edited image goes.</summary>
/// <param name="File">The image that is edited.</param>
/// <param name="Output">Output file; null for none.</param>
/// <param name="InPlace">Whether the input is replaced.</param>
internal sealed record ImageTarget(string File, string? Output, bool InPlace)
{
    /// <summary>The path.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3006, KS3011, KS3055.</exception>
    public string Path => BatchTargets.One(File, Output, InPlace);

    /// <summary>Opens the image.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3050.</exception>
    public FileSource Open() => InPlace ? FileSource.OpenReplaceable(File) : FileSource.Open(File);
}

/// <summary>Writes an image of which something was changed, and keeps its checksum true where it has one.</summary>
internal static class EditedImage
{
    /// <summary>Writes it.</summary>
    /// <param name="target">Where it goes.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="edited">Its bytes.</param>
    /// <param name="changed">Whether they differ from the input's, so that a checksum would no longer be true.</param>
    /// <param name="context">Run context.</param>
    public static WrittenFile Write(ImageTarget target, PeImage headers, Layout edited, bool changed, RunContext context)
    {
        using OutputFile output = target.InPlace ? OutputFile.Create(target.Path) : OutputFile.Create(target.Path, target.File);
        WrittenFile written = changed && headers.CheckSum != 0
            ? WrittenFile.FillSummed(output, edited, headers.CheckSumOffset, context)
            : WrittenFile.Fill(output, edited, context);
        output.Commit();
        return written;
    }
}
