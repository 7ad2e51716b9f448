using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Zboot;

/// <summary>
/// The first 64 bytes of a <c>vmlinuz.efi</c> (drivers/firmware/efi/libstub/zboot-header.S): <c>MZ\0\0zimg</c>, u32 payload
/// offset, u32 payload size, two reserved u32, compression name, LINUX_PE_MAGIC (since 6.2), u32 PE offset.
/// </summary>
/// <param name="PayloadOffset">File offset of the compressed kernel.</param>
/// <param name="PayloadSize">Its length in bytes. The 4-byte length that follows all but gzip payloads is not counted.</param>
/// <param name="CompressionName">As stored; <see cref="PayloadFormat"/> has those that there are.</param>
public sealed record ZbootHeader(uint PayloadOffset, uint PayloadSize, string CompressionName)
{
    /// <summary>Length of the header, in bytes.</summary>
    public const int Size = 64;

    private const uint Zimg = 0x676D697A;

    /// <summary>Whether a file begins like a zboot image.</summary>
    public static bool IsZboot(ReadOnlySpan<byte> head) =>
        head.Length >= Size && head[0] == 'M' && head[1] == 'Z' && BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) == Zimg;

    /// <summary>Whether a 4-byte uncompressed length follows the payload (gzip has it inside).</summary>
    public bool HasLengthBehindPayload =>
        !PayloadFormat.All.Any(format => format.HasOwnLength && CompressionName.StartsWith(format.Word, StringComparison.Ordinal));

    /// <summary>File offset of the u32 that holds the uncompressed length.</summary>
    public long UncompressedLengthOffset => PayloadOffset + (long)PayloadSize - (HasLengthBehindPayload ? 0 : 4);

    /// <summary>What is known of the compression.</summary>
    /// <exception cref="KexecSignException">KS1203.</exception>
    public PayloadFormat Format => PayloadFormat.Named(CompressionName);

    /// <summary>The compression, when it is one that this project reads and writes.</summary>
    /// <exception cref="KexecSignException">KS1203.</exception>
    public ZbootCompression Compression => Format.Compression ?? throw PayloadFormat.Unknown(CompressionName);

    /// <summary>Reads the header and checks that the payload lies inside the sections.</summary>
    /// <exception cref="KexecSignException">KS1201, KS1202, KS1204, KS1208-KS1210.</exception>
    public static ZbootHeader Read(PeImage image, Layout file)
    {
        byte[] head = file.ReadBytes(0, Size);
        if (!IsZboot(head))
            throw NotZboot(image, file, head);
        int nameLength = head.AsSpan(0x18, 0x20).IndexOf((byte)0);
        if (nameLength < 0)
            throw FormatErrors.CompressionNameNotEnded.With();
        var header = new ZbootHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(8)),
            BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(12)),
            Encoding.Latin1.GetString(head, 0x18, nameLength));
        if (PayloadTraces.Moved(image, file, header.PayloadOffset) is var (name, offset, section))
            throw FormatErrors.PayloadMoved.With(header.PayloadOffset, name, offset, section.Name, section.PointerToRawData,
                section.VirtualAddress);
        long end = header.UncompressedLengthOffset + 4;
        if (header.PayloadOffset < image.SizeOfHeaders || header.PayloadSize < 8 || end > Math.Min(image.SectionsEnd, image.BodyLength))
            throw FormatErrors.PayloadOutside.With(header.PayloadOffset, header.PayloadSize, image.SizeOfHeaders, image.SectionsEnd);
        return header;
    }

    /// <summary>The length of the decompressed kernel as the stub reads it, in bytes.</summary>
    public uint UncompressedLength(Layout file) =>
        BinaryPrimitives.ReadUInt32LittleEndian(file.ReadBytes(UncompressedLengthOffset, 4));

    /// <summary>Why an image is no zboot image, although it may look like one or be a kernel.</summary>
    /// <returns>KS1208 for a bzImage, KS1209 for a zboot image whose header is gone, KS1201 for all else.</returns>
    public static KexecSignException NotZboot(PeImage image, Layout file) => NotZboot(image, file, file.ReadBytes(0, Size));

    private static KexecSignException NotZboot(PeImage image, Layout file, byte[] head)
    {
        if (BzImage.TryParse(file.ReadBytes(0, Math.Min(file.Length, BzImage.HeaderEnd))) is { } bzImage)
            return FormatErrors.BzImageIsNoZboot.With(bzImage.Version >> 8, bzImage.Version & 0xFF);
        string found = Convert.ToHexString(head, 4, 4);
        return HasLostHeader(image, head) && PayloadTraces.Search(image, file) is var (name, offset)
            ? FormatErrors.ZbootHeaderGone.With(found, name, offset)
            : FormatErrors.NotZboot.With(found);
    }

    // Kernels carry compressed things, too: only where no kernel's own header is can it have been lost.
    private static bool HasLostHeader(PeImage image, byte[] head) =>
        KernelImage.TryParse(head) is null && image.Subsystem == PeConstants.EfiApplication && image.FindSection(".linux") is null;
}
