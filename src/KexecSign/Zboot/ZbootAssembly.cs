using System.Buffers.Binary;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>How a zboot image is to be made.</summary>
/// <param name="Compression">Compression of the payload.</param>
/// <param name="Level">Its level; null for the compression's default.</param>
/// <param name="Payload">A ready payload, 4-byte length included; null to compress the Image.</param>
/// <param name="Smallest">The strongest setting instead of a level.</param>
/// <param name="Linker">Who links.</param>
internal sealed record ZbootRecipe(ZbootCompression Compression, int? Level = null, string? Payload = null, bool Smallest = false,
    LinkerFamily Linker = LinkerFamily.Bfd)
{
    /// <summary>Which zstd compresses; null for the default.</summary>
    public ZstdLibrary? Zstd { get; init; }

    /// <summary>Name and version of what compresses.</summary>
    public string Library => Compressor.Library(Compression, Zstd ?? default);
}

/// <summary>
/// An Image wrapped into a zboot image, as drivers/firmware/efi/libstub/Makefile.zboot does it, from the objects of a kit:
/// pad, compress, link, flatten; then read again and compared with what was put in.
/// </summary>
internal sealed class ZbootAssembly : IDisposable
{
    private readonly FileSource _linked;

    private ZbootAssembly(FileSource linked, ZbootHeader header, int? level, uint imageLength, uint codeSize, string payloadSha256)
    {
        _linked = linked;
        Header = header;
        Level = level;
        ImageLength = imageLength;
        CodeSize = codeSize;
        PayloadSha256 = payloadSha256;
    }

    /// <summary>The finished image, unsigned.</summary>
    public Layout Image => _linked.ToLayout();

    /// <summary>Compression, offset and size of the payload.</summary>
    public ZbootHeader Header { get; }

    /// <summary>The compression's level; null when the payload was ready.</summary>
    public int? Level { get; }

    /// <summary>Name and version of what compressed it; null when the payload was ready.</summary>
    public string? Library { get; private init; }

    /// <summary>Length of the Image inside, padding included, in bytes.</summary>
    public uint ImageLength { get; }

    /// <summary>zboot_code_size: bytes from the Image's start that hold code; 0 when the stub does not ask.</summary>
    public uint CodeSize { get; }

    /// <summary>SHA-256 of the compressed payload without the length behind it, lower-case hex.</summary>
    public string PayloadSha256 { get; }

    /// <summary>The payload unpacked again; null when that was not asked for, or the payload was ready.</summary>
    public UnpackedAhead? Unpacked { get; private init; }

    /// <summary>Makes a zboot image.</summary>
    /// <param name="kit">The stub's objects.</param>
    /// <param name="image">The kernel, signed so that it is image_size long or not signed.</param>
    /// <param name="recipe">Compression and level.</param>
    /// <param name="context">Run context.</param>
    /// <param name="unpack">Whether the payload is unpacked again meanwhile, for who will judge the image.</param>
    /// <exception cref="KexecSignException">KS11xx for the Image, KS3101-KS3108, KS3112, KS5001-KS5004.</exception>
    public static ZbootAssembly Make(ZbootKit kit, Layout image, ZbootRecipe recipe, RunContext context, bool unpack = false)
    {
        var encoder = PayloadEncoder.For(recipe.Compression);
        if (recipe.Zstd is not null && !encoder.HasLibraries)
            throw OperationErrors.OptionsConflict.With(new NamedOption("zstd"),
                new NamedOption("compression", PayloadFormat.Of(recipe.Compression).Word));
        ZbootKitStub stub = kit.Stub(recipe.Compression);
        kit.RequireSafe(stub);
        StubTarget target = kit.Target;
        var linker = new ZbootLinker(target, recipe.Linker, context);
        PeImage pe = PeReader.Read(image);
        Layout padded = Padded(image, pe, stub, target);
        // Another kernel's stub may start it; but what its configuration promises, KASLR for one, is then not this kernel's.
        if (KernelVersionText.Find(image) is { } release && release != kit.Manifest.KernelRelease)
            context.Log.Warning(
                $"the kit's stub is of kernel {kit.Manifest.KernelRelease} but the Image is {release}: capture a kit of this kernel, so "
                + $"that the stub is its own");
        uint codeSize = stub.NeedsCodeSize ? CodeSizeOf(pe) : 0;
        if (recipe.Payload is not null)
        {
            using FileSource ready = FileSource.Open(recipe.Payload);
            return Link(ReadyPayload(ready, padded), null, null);
        }
        int level = LevelOf(recipe, encoder);
        ZstdLibrary zstd = recipe.Zstd ?? default;
        TemporaryFile compressed = Compressor.Compress(
            padded, recipe.Compression, (recipe.Smallest ? encoder.Smallest(zstd) : new(level)) with { Zstd = zstd }, context);
        UnpackedAhead? unpacked = unpack
            ? UnpackedAhead.Begin(compressed, recipe.Compression, (uint)padded.Length, context.Cancellation) : null;
        try
        {
            return Link(WithLength(compressed, padded, recipe.Compression), level, unpacked);
        }
        catch
        {
            unpacked?.Dispose();
            throw;
        }
        finally
        {
            if (unpacked is null)
                compressed.Dispose();
        }

        ZbootAssembly Link(Layout payload, int? level, UnpackedAhead? unpacked)
        {
            FileSource file = linker.Link(kit, stub, payload, codeSize);
            try
            {
                var expected = new ZbootExpectation(recipe.Compression, target.Machine, payload, (uint)padded.Length,
                    stub.NeedsCodeSize ? codeSize : null);
                (ZbootHeader header, string sha256) = expected.Require(file.ToLayout(), context);
                return new(file, header, level, (uint)padded.Length, codeSize, sha256)
                {
                    Library = level is null ? null : recipe.Library,
                    Unpacked = unpacked,
                };
            }
            catch (Exception failed)
            {
                file.Dispose();
                // What is wrong with the linked image is not wrong with the Image.
                if (failed is KexecSignException refused)
                    throw refused.In(file.Path);
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _linked.Dispose();
        Unpacked?.Dispose();
    }

    // A stub of 6.2 or later gives the kernel exactly as much memory as the payload unpacks to, so bss has to be in it.
    private static Layout Padded(Layout image, PeImage pe, ZbootKitStub stub, StubTarget target)
    {
        KernelImage kernel = KernelImage.Read(image);
        if (pe.Machine != target.Machine || kernel.Kernel != target.Facts.Architecture)
            throw OperationErrors.KitOtherMachine.With(target.Architecture, PeConstants.MachineName(pe.Machine));
        if (image.Length > Decompressor.MaxLength || kernel.ImageSize > Decompressor.MaxLength)
            throw FormatErrors.PayloadTooLarge.With(kernel.ImageSize, Decompressor.MaxLength);
        long imageSize = (long)kernel.ImageSize;
        if (!stub.PadsPayload || image.Length == imageSize)
            return image;
        return pe.IsSigned ? throw OperationErrors.SignedImageShort.With(image.Length, imageSize) : image.PadTo(imageSize);
    }

    // The stub makes this much executable. vmlinux has the number as _kernel_codesize; it is where .text ends.
    private static uint CodeSizeOf(PeImage pe) =>
        pe.FindSection(".text") is { } text
            ? checked(text.VirtualAddress + text.VirtualSize)
            : throw OperationErrors.NoCodeSection.With(pe.Sections.Length);

    private static int LevelOf(ZbootRecipe recipe, PayloadEncoder encoder)
    {
        int level = recipe.Smallest ? encoder.Most : recipe.Level ?? encoder.Default;
        return level >= encoder.Least && level <= encoder.Most ? level : throw OperationErrors.OptionValue.With(
            "level", level, $"{encoder.Least} to {encoder.Most} for {PayloadFormat.Of(recipe.Compression).Word}");
    }

    private static Layout WithLength(TemporaryFile compressed, Layout padded, ZbootCompression compression)
    {
        Layout stream = Layout.Of(compressed);
        if (PayloadFormat.Of(compression).HasOwnLength)
            return stream;
        byte[] length = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, checked((uint)padded.Length));
        return stream.Append(length);
    }

    private static Layout ReadyPayload(FileSource ready, Layout padded)
    {
        Layout payload = ready.ToLayout();
        uint states = payload.Length < 12 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(payload.ReadBytes(payload.Length - 4, 4));
        return states == padded.Length ? payload : throw OperationErrors.PayloadOfOtherImage.With(states, padded.Length).In(ready.Path);
    }
}
