using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>A zboot image as a kernel's build or a distribution left it, with its payload unpacked; it can be given another one.</summary>
internal sealed class FinishedZboot : IDisposable
{
    private const int HeadSize = 4096;

    private readonly Layout _unsigned;
    private readonly TemporaryFile _kernel;

    private FinishedZboot(Layout unsigned, ZbootHeader header, bool wasSigned, TemporaryFile kernel)
    {
        _unsigned = unsigned;
        _kernel = kernel;
        Header = header;
        WasSigned = wasSigned;
    }

    /// <summary>Compression, offset and size of the payload; its size is the room for another one.</summary>
    public ZbootHeader Header { get; }

    /// <summary>Whether it carried a certificate table.</summary>
    public bool WasSigned { get; }

    /// <summary>The kernel inside.</summary>
    public Layout Kernel => Layout.Of(_kernel);

    /// <summary>Whether the kernel's build padded it to image_size, which stubs of 6.2 and later need.</summary>
    public bool IsPadded => Kernel.Length == (long)KernelImage.Read(Kernel).ImageSize;

    /// <summary>Reads an image and unpacks its payload.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS10xx when it is not canonical, KS12xx, KS3118.</exception>
    public static FinishedZboot Open(Layout file, RunContext context)
    {
        PeImage image = PeReader.Read(file);
        ZbootHeader header = ZbootHeader.Read(image, file);
        _ = header.Compression;
        PeCanonical.Require(image, file);
        Layout unsigned = CertificateTable.Strip(image, file);
        // A checksum would be that of other bytes, and the kernel's build leaves none.
        if (image.CheckSum != 0)
            unsigned = unsigned.OverwriteUInt32(image.CheckSumOffset, 0);
        TemporaryFile kernel = Decompressor.Payload(file, header, context);
        try
        {
            byte[] head = Layout.Of(kernel).ReadBytes(0, Math.Min(kernel.Length, HeadSize));
            if (KernelImage.TryParse(head) is null)
                throw OperationErrors.RepackedNotAKernel.With(PayloadKind.Of(head));
            return new(unsigned, header, image.IsSigned, kernel);
        }
        catch
        {
            kernel.Dispose();
            throw;
        }
    }

    /// <summary>The image with another payload in the old one's place; not a byte of the stub moves or changes.</summary>
    /// <param name="payload">A payload as long as the room.</param>
    /// <param name="uncompressedLength">What it unpacks to, in bytes.</param>
    public Layout With(Layout payload, uint uncompressedLength)
    {
        long end = Header.PayloadOffset + (long)Header.PayloadSize;
        Layout image = _unsigned.Slice(0, Header.PayloadOffset).Append(payload).Append(_unsigned.Slice(end, _unsigned.Length - end));
        return image.OverwriteUInt32(Header.UncompressedLengthOffset, uncompressedLength);
    }

    /// <summary>The error for a signed kernel that finds no room.</summary>
    /// <param name="shortest">Length of the shortest payload that was found, in bytes.</param>
    /// <param name="path">The image.</param>
    public Formats.Errors.KexecSignException DoesNotFit(long shortest, string path)
    {
        string compression = PayloadFormat.Of(Header.Compression).Word;
        long room = Header.PayloadSize;
        return (shortest > room
            ? OperationErrors.PayloadTooLong.With(compression, shortest, Header.PayloadOffset, room, shortest - room)
            : OperationErrors.PayloadUnfillable.With(compression, room, Header.PayloadOffset)).In(path);
    }

    /// <summary>Reads a repacked image as its consumers do and compares the kernel in it with what was signed.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3117; KS10xx and KS12xx when it cannot be read.</exception>
    public static void Require(Layout repacked, string kernelSha256, RunContext context)
    {
        PeImage image = PeReader.Read(repacked);
        PeCanonical.Require(image, repacked);
        using TemporaryFile kernel = Decompressor.Payload(repacked, ZbootHeader.Read(image, repacked), context);
        string found = Convert.ToHexStringLower(LayoutPass.Hash(Layout.Of(kernel), HashAlgorithmName.SHA256, context));
        if (found != kernelSha256)
            throw OperationErrors.RepackedWrong.With(found, kernelSha256);
    }

    /// <inheritdoc/>
    public void Dispose() => _kernel.Dispose();
}
