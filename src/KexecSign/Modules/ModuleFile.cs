using System.Buffers;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core.Errors;
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

    private static readonly string[] Endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    private byte[]? _rented;

    /// <summary>Whether a file's name is that of a module, as 'depmod' looks for them.</summary>
    public static bool IsName(string name) => Array.Exists(Endings, ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>The module without its signature.</summary>
    public Layout Content => Existing is null ? Whole : Whole.Slice(0, Existing.ContentLength);

    /// <summary>What a report says about it beside the outcome.</summary>
    public string? Note => Compression == ModuleCompression.None ? null : ModuleCodec.Name(Compression);

    /// <summary>Opens one.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS14xx, KS3001, KS3002, KS3051, KS3751, KS3752, KS3754, KS3913,
    /// KS3914.</exception>
    public static ModuleFile Open(SelectedFile file, CancellationToken cancellation)
    {
        FileSource source = file.Open();
        byte[]? rented = null;
        try
        {
            Layout content = source.ToLayout();
            if (source.Length is > 0 and <= ReadWhole)
            {
                int length = (int)source.Length;
                rented = ArrayPool<byte>.Shared.Rent(length);
                source.Read(0, rented.AsSpan(0, length));
                content = Layout.Of(rented.AsMemory(0, length));
            }
            if (source.Length == 0)
                throw OperationErrors.ModuleEmpty.With("has no bytes");
            ModuleCompression compression = ModuleCodec.Of(content);
            // 'modprobe' takes what the name says, and what it does not open nobody will verify.
            if (ModuleCodec.Promised(Path.GetFileName(file.Path)) is { } promised && promised != compression)
                throw OperationErrors.ModuleNameUnfit.With(Path.GetFileName(file.Path), compression == ModuleCompression.None
                    ? "no compressed data"
                    : $"{ModuleCodec.Name(compression)} data");
            Layout whole = compression == ModuleCompression.None
                ? content
                : Layout.Of(ModuleCodec.Open(content, compression, cancellation));
            ModuleFile module = new(source, compression, whole, AppendedSignature.Find(whole)) { _rented = rented };
            return module.Content.Length > 0 ? module
                : throw OperationErrors.ModuleEmpty.With(whole.Length > 0
                    ? "is a signature over nothing"
                    : $"holds 0 bytes in {ModuleCodec.Name(compression)}");
        }
        catch
        {
            Release(source, rented);
            throw;
        }
    }

    /// <summary>Packs a module as the file was, and unpacks it again to see that nothing is lost.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3753, KS5001, KS5004.</exception>
    public ReadOnlyMemory<byte> Pack(Layout module, CancellationToken cancellation)
    {
        byte[] bytes = module.ReadBytes(0, module.Length);
        ReadOnlyMemory<byte> packed = ModuleCodec.Close(bytes, Compression);
        ReadBack.RequireSame(Layout.Of(bytes), Layout.Of(ModuleCodec.Open(Layout.Of(packed), Compression, cancellation)),
            "the module unpacked again");
        return packed;
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
