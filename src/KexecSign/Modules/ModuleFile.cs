using System.Buffers;
using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Layouts;

namespace KexecSign.Modules;

/// <summary>A module or kernel that is open for signing, its compression taken off. Its bytes are there until it is disposed of.</summary>
/// <param name="Source">The file.</param>
/// <param name="Compression">How it is compressed.</param>
/// <param name="Whole">The module with what is appended to it.</param>
/// <param name="Existing">The signature that it carries; null for none.</param>
internal sealed record ModuleFile(FileSource Source, ModuleCompression Compression, Layout Whole, AppendedSignature? Existing) : IDisposable
{
    // Nearly all modules are shorter. Read at once they cost one call of the system instead of five; longer ones are read in pieces.
    private const int ReadWhole = 1 << 20;

    private byte[]? _rented;

    /// <summary>The module without its signature.</summary>
    public Layout Content => Existing is null ? Whole : Whole.Slice(0, Existing.ContentLength);

    /// <summary>What a report says about it beside the outcome.</summary>
    public string? Note => Compression == ModuleCompression.None ? null : ModuleCodec.Name(Compression);

    /// <summary>Opens one.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS14xx, KS3001, KS3002, KS3913, KS3914.</exception>
    public static ModuleFile Open(string path, CancellationToken cancellation)
    {
        FileSource source = FileSource.Open(path);
        byte[]? rented = null;
        try
        {
            Layout file = source.ToLayout();
            if (source.Length is > 0 and <= ReadWhole)
            {
                int length = (int)source.Length;
                rented = ArrayPool<byte>.Shared.Rent(length);
                source.Read(0, rented.AsSpan(0, length));
                file = Layout.Of(rented.AsMemory(0, length));
            }
            ModuleCompression compression = ModuleCodec.Of(file);
            Layout whole = compression == ModuleCompression.None ? file : Layout.Of(ModuleCodec.Open(file, compression, cancellation));
            return new(source, compression, whole, AppendedSignature.Find(whole)) { _rented = rented };
        }
        catch
        {
            Release(source, rented);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release(Source, _rented);
        _rented = null;
    }

    private static void Release(FileSource source, byte[]? rented)
    {
        source.Dispose();
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }
}
