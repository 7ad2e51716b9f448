using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Layouts;

namespace KexecSign.Modules;

/// <summary>A module or kernel that is open for signing, its compression taken off.</summary>
/// <param name="Source">The file.</param>
/// <param name="Compression">How it is compressed.</param>
/// <param name="Whole">The module with what is appended to it.</param>
/// <param name="Existing">The signature that it carries; null for none.</param>
internal sealed record ModuleFile(FileSource Source, ModuleCompression Compression, Layout Whole, AppendedSignature? Existing) : IDisposable
{
    /// <summary>The module without its signature.</summary>
    public Layout Content => Existing is null ? Whole : Whole.Slice(0, Existing.ContentLength);

    /// <summary>What a report says about it beside the outcome.</summary>
    public string? Note => Compression == ModuleCompression.None ? null : ModuleCodec.Name(Compression);

    /// <summary>Opens one.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS14xx, KS3001, KS3002, KS3913, KS3914.</exception>
    public static ModuleFile Open(string path, CancellationToken cancellation)
    {
        FileSource source = FileSource.Open(path);
        try
        {
            Layout file = source.ToLayout();
            ModuleCompression compression = ModuleCodec.Of(file);
            Layout whole = compression == ModuleCompression.None ? file : Layout.Of(ModuleCodec.Open(file, compression, cancellation));
            return new(source, compression, whole, AppendedSignature.Find(whole));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Source.Dispose();
}
