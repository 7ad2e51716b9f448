using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Parsers;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Uki;

/// <summary>What is done to a kernel before it goes into an image.</summary>
/// <param name="Identity">Who signs it; null to leave it as it is.</param>
/// <param name="Replace">Whether signatures that it carries are dropped.</param>
/// <param name="Parser">A kexec BPF parser for a .bpf section of its own; null for none.</param>
internal sealed record UkiKernelWork(SigningIdentity? Identity, bool Replace, string? Parser);

/// <summary>
/// The kernel of .linux: as it was given, or signed so that its length is its SizeOfImage and all readers of the section agree
/// where it ends. From here on not a byte of it changes.
/// </summary>
internal sealed class UkiKernel : IDisposable
{
    private const int HeadSize = 4096;

    private readonly InnerImage? _signed;
    private readonly RepackedZboot? _repacked;

    private UkiKernel(Layout content, InnerImage? signed, RepackedZboot? repacked, string sha256)
    {
        Content = content;
        _signed = signed;
        _repacked = repacked;
        Sha256 = sha256;
        Image = PeReader.Read(content);
    }

    /// <summary>The bytes that become .linux.</summary>
    public Layout Content { get; }

    /// <summary>Their headers.</summary>
    public PeImage Image { get; }

    /// <summary>SHA-256 of the bytes, lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>The signature that was made here; null when the kernel was left as it was.</summary>
    public InnerSignature? Signature => _signed?.Signature;

    /// <summary>What was done besides, one sentence each.</summary>
    public ImmutableArray<string> Notes => _repacked is null
        ? []
        : [$"The Image inside the zboot kernel is signed, too, by {_repacked.Inner.Signature.Signer}: SHA-256 "
            + $"{_repacked.Inner.Signature.Sha256}."];

    /// <summary>Prepares a kernel.</summary>
    /// <exception cref="KexecSignException">KS3660, KS3667, KS3668, KS4710, KS10xx, KS11xx, KS12xx, KS13xx, KS2xxx.</exception>
    public static UkiKernel Prepare(Layout kernel, UkiKernelWork work, RunContext context)
    {
        byte[] head = kernel.ReadBytes(0, Math.Min(kernel.Length, HeadSize));
        if (!PeReader.LooksLikePe(head))
            throw OperationErrors.UkiKernelNotPe.With(Convert.ToHexString(head[..Math.Min(4, head.Length)]), KindOf(head));
        PeImage image = PeReader.Read(kernel);
        if (image.IsSigned && work is { Replace: false, Identity: not null })
            throw OperationErrors.UkiKernelSigned.With("the kernel", CertificateTable.Read(image, kernel).Length);
        if (image.IsSigned && work is { Parser: not null } and not { Replace: true, Identity: not null })
            throw OperationErrors.UkiInnerParserSigned.With();
        if (work.Identity is null)
        {
            kernel = WithParser(kernel, work, context);
            if (image.IsSigned && !Alignment.Holds(kernel.Length, 512))
                context.Log.Warning($"the signed kernel has 0x{kernel.Length:x} bytes, no multiple of 512: kexec BPF parsers and "
                    + $"kexec-tools up to 2.0.32 read the padding behind it too, and its signature fails there; with --inner-key all "
                    + "lengths agree.");
            return new(kernel, null, null, Convert.ToHexStringLower(LayoutPass.Hash(kernel, HashAlgorithmName.SHA256, context)));
        }
        RepackedZboot? repacked = KnownImage.Of(kernel).Kind == ImageKind.Zboot ? SignInside(kernel, work, context) : null;
        try
        {
            InnerImage signed = InnerImage.Sign(
                WithParser(repacked?.Image ?? kernel, work, context), work.Identity, Existing(work), context, anyKernel: true);
            return new(signed.Image, signed, repacked, signed.Signature.Sha256);
        }
        catch
        {
            repacked?.Dispose();
            throw;
        }
    }

    /// <summary>Its version (uname -r), of a zboot that of the Image inside; null when it does not tell.</summary>
    public static string? VersionOf(Layout kernel, RunContext context)
    {
        if (KnownImage.Of(kernel).Kind != ImageKind.Zboot)
            return KernelVersionText.Find(kernel);
        ZbootHeader header = ZbootHeader.Read(PeReader.Read(kernel), kernel);
        using TemporaryFile unpacked = Decompressor.Payload(kernel, header, context);
        return KernelVersionText.Find(Layout.Of(unpacked));
    }

    /// <summary>Its own SBAT rows; null when it has none.</summary>
    public static string? SbatOf(PeImage image, Layout kernel)
    {
        const int most = 64 * 1024;
        return image.FindSection(UkiSections.Sbat) is { SizeOfRawData: > 0 and <= most } section && section.RawEnd <= image.BodyLength
            ? Encoding.UTF8.GetString(UkiImage.ContentOf(section, kernel)
                .ReadBytes(0, Math.Min(section.SizeOfRawData, section.VirtualSize == 0 ? most : section.VirtualSize))).TrimEnd('\0')
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signed?.Dispose();
        _repacked?.Dispose();
    }

    private static ExistingSignatures Existing(UkiKernelWork work) => work.Replace ? ExistingSignatures.Replace : ExistingSignatures.Refuse;

    private static Layout WithParser(Layout kernel, UkiKernelWork work, RunContext context) => work.Parser is null
        ? kernel
        : ParserEmbedding.Embed(CertificateTable.RemoveAll(PeReader.Read(kernel), kernel), work.Parser, context).Image;

    // Whoever loads .linux by kexec unpacks it and checks the Image; the signature around it is for who reads the section itself.
    private static RepackedZboot SignInside(Layout kernel, UkiKernelWork work, RunContext context)
    {
        using FinishedZboot zboot = FinishedZboot.Open(kernel, context);
        PeImage image = PeReader.Read(zboot.Kernel);
        if (image.IsSigned && !work.Replace)
        {
            throw OperationErrors.UkiKernelSigned.With(
                "the Image inside the zboot kernel", CertificateTable.Read(image, zboot.Kernel).Length);
        }
        return RepackedZboot.Sign(
            zboot, work.Identity!, Existing(work), default,
            shortest => OperationErrors.UkiInnerDoesNotFit.With(
                zboot.Header.CompressionName, zboot.Header.PayloadSize, zboot.Header.PayloadOffset, shortest),
            context);
    }

    private static string KindOf(ReadOnlySpan<byte> head) => KnownImage.Of(head).Kind switch
    {
        ImageKind.Gzip => "gzip data",
        ImageKind.Elf => "an ELF file (a vmlinux?)",
        ImageKind.KernelImage => "a kernel Image without EFI stub",
        ImageKind.Zboot or ImageKind.BzImage or ImageKind.Unified or ImageKind.Efi or ImageKind.Unknown => "no EFI image",
    };
}
