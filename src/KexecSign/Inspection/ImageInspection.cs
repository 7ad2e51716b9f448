using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Inspection.Parts;
using KexecSign.Judging;
using KexecSign.Parsers;

namespace KexecSign.Inspection;

/// <summary>Finds out what a file is. A broken part becomes a trap in the result; what can still be read is.</summary>
internal static class ImageInspection
{
    // A parser object is a few KiB; anything larger in ELF form is a kernel and only named.
    private const long MaxParserLength = 64 << 20;

    // tools/kexec/zboot_image_builder.c of the BPF series (v6 13/13): SizeOfHeaders becomes the section table's end, while the first
    // section stays.
    private const string KernelsOwnBuilder =
        " The kernel's own zboot_image_builder leaves such a hole; osslsigncode then signs another digest than the kernel and firmware "
        + "check.";

    /// <summary>Looks at a file, and into a zboot's payload.</summary>
    public static InspectResult Inspect(string name, Layout file, RunContext context) =>
        Inspect(name, file, new FileDigests(file, context), null, context);

    /// <summary>The same for a file that is judged, with what was read of it, and unpacked, for that.</summary>
    public static InspectResult Inspect(JudgedFile file, RunContext context) =>
        Inspect(file.Path, file.Content, file.Digests, () => file.Kernel, context);

    /// <summary>Says that a file that is judged will be looked at, so that one read serves both.</summary>
    public static void Announce(JudgedFile file)
    {
        if (!PeReader.LooksLikePe(KnownImage.HeadOf(file.Content)))
            return;
        string[] wanted = [HashAlgorithmName.SHA256.Name!];
        Collect<object?>([], () => (file.Kernel, ReadDigests.Of(file.Image, file.Content, file.Digests, wanted)), null);
    }

    /// <summary>The same with what others ask of the file as well.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="file">Its bytes.</param>
    /// <param name="read">Its digests.</param>
    /// <param name="inside">The kernel in it, where somebody else looks at that too; null without.</param>
    /// <param name="context">Run context.</param>
    public static InspectResult Inspect(string name, Layout file, FileDigests read, Func<KernelInside>? inside, RunContext context)
    {
        byte[] head = KnownImage.HeadOf(file);
        var known = KnownImage.Of(file);
        if (known.IsPe)
            return InspectPe(name, file, head, read, inside, context);
        return known.Kind switch
        {
            ImageKind.Elf => InspectElf(name, file),
            ImageKind.Gzip => new()
            {
                File = name,
                Size = file.Length,
                Kind = "gzip data",
                Traps = ["compressed as a whole: unpack it first ('gzip -d'); a signature belongs on what is inside."],
            },
            // Kernels without PE headers are not told apart from other data here.
            ImageKind.Zboot or ImageKind.KernelImage or ImageKind.BzImage or ImageKind.Unified or ImageKind.Efi or ImageKind.Unknown =>
                OtherFiles.Inspect(name, file, head) ?? new()
                {
                    File = name,
                    Size = file.Length,
                    Kind = "unknown: neither a PE image nor an ELF file",
                },
        };
    }

    private static InspectResult InspectPe(
        string name, Layout file, byte[] head, FileDigests read, Func<KernelInside>? others, RunContext context)
    {
        PeImage image = PeReader.Read(file);
        var known = KnownImage.Of(image, head);
        KernelImage? kernel = known.Kernel;
        ReadDigests digests = ReadDigests.Of(image, file, read, [HashAlgorithmName.SHA256.Name!]);
        using KernelInside? own = others is null ? new(image, file, context, read) : null;
        KernelInside inside = own ?? others!();
        var traps = digests.Violations.Select(v => v.Code == FormatErrors.GapAfterHeaders && known.Kind == ImageKind.Zboot
            ? v.Message + KernelsOwnBuilder
            : v.Message).ToList();
        InspectResult result = new()
        {
            File = name,
            Size = file.Length,
            Kind = KindOf(known) + (image.IsSigned ? ", signed" : ", unsigned"),
            Architecture = PeConstants.MachineName(image.Machine),
            ImageSize = kernel is { ImageSize: <= long.MaxValue } ? (long)kernel.ImageSize : null,
            PageSizeKiB = kernel?.PageSizeKiB,
            LinuxVersion = known.IsKernel ? inside.Version() : null,
            SizeOfHeaders = image.SizeOfHeaders,
            SizeOfImage = image.SizeOfImage,
            AuthenticodeSha256 = digests.Hex(HashAlgorithmName.SHA256),
            SignedSha256 = AuthenticodeDigest.SigningPadding(image) != 0 && digests.Hex(HashAlgorithmName.SHA256) is not null
                ? Convert.ToHexStringLower(digests.AsSigned(HashAlgorithmName.SHA256)) : null,
            Canonical = traps.Count == 0 && digests.Agree,
            Sections = [.. image.Sections.Select(s => new InspectedSection(
                s.Name, s.PointerToRawData, s.SizeOfRawData, s.VirtualAddress, s.VirtualSize, $"0x{s.Characteristics:x8}"))],
            Signatures = Collect(traps, () => Signatures(image, file, digests, traps), []),
            Nested = Collect(traps, () => NestedOnes(CertificateTable.Read(image, file), digests), []),
            Parts = ImageParts.Of(image, file, null),
            Uncovered = ImageParts.Uncovered(image),
        };
        if (kernel is not null)
            Collect(traps, () => KernelImage.Read(file), kernel);
        if (image.FindSection(ParserSection.Name) is not null)
            result = result with { ParserAbi = Collect(traps, () => ParserIn(image, file), null) };
        if (image.FindSection(VendorCertificates.SectionName) is { } vendor)
            result = result with { Fields = Collect(traps, () => ExtractedSection.Trusted(vendor, file), []) };
        if (known.Kind == ImageKind.Zboot)
            result = Collect(traps, () => WithPayload(result, image, file, inside, context), result);
        else if (image.FindSection(UkiSections.Linux) is { } linux)
            result = Collect(traps, () => WithKernel(result, linux, file, inside, context), result);
        else if (kernel is null && ZbootHeader.NotZboot(image, file) is var lost && lost.Code == FormatErrors.ZbootHeaderGone)
            traps.Add(lost.Message);
        return result with { Traps = [.. traps] };
    }

    private static string KindOf(KnownImage known) => known.Kind switch
    {
        ImageKind.Zboot => "EFI zboot kernel (vmlinuz.efi)",
        ImageKind.KernelImage => $"{known.Kernel!.Architecture.ToString().ToLowerInvariant()} kernel Image",
        ImageKind.BzImage => "x86 bzImage with EFI stub (a PE image, no zboot)",
        ImageKind.Unified => "unified kernel image (UKI)",
        ImageKind.Efi or ImageKind.Elf or ImageKind.Gzip or ImageKind.Unknown => "EFI image",
    };

    private static ImmutableArray<InspectedSignature> Signatures(PeImage image, Layout file, ReadDigests digests, List<string> traps)
    {
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        traps.AddRange(entries.Select(e => Collect(traps, e.Surplus, null)).OfType<KexecSignException>().Select(s => s.Message));
        return [.. entries.Select((entry, index) => Signature(entry, index, digests))];
    }

    private static InspectedSignature Signature(CertificateEntry entry, int index, ReadDigests digests)
    {
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(entry.Pkcs7());
        SpcIndirectData signed = signature.IndirectData;
        X509Certificate2? signer = signature.Signer;
        return new(
            index, entry.Offset, entry.Length,
            $"{signed.Hash.Name} {Convert.ToHexStringLower(signed.Digest.Span)}",
            digests.Match(signed.Hash, signed.Digest.Span), signature.IsBeyondJudgement ? null : signature.SignaturesHold(),
            signer is null ? null : CertificateNames.Of(signer), signer?.Issuer,
            signer?.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(),
            signer is null ? null : new DateTimeOffset(signer.NotAfter.ToUniversalTime()), signature.SigningTime);
    }

    // What cannot be read is passed over: the entry itself is told of as a trap.
    private static ImmutableArray<NestedSignature> NestedOnes(ImmutableArray<CertificateEntry> entries, ReadDigests digests) =>
    [
        .. WalkedSignature.Of(entries).Where(walked => walked is { Depth: > 0, Signature: not null })
            .Select(walked => Nested(walked.Index, walked.Signature!, digests)),
    ];

    private static NestedSignature Nested(string index, AuthenticodeSignature signature, ReadDigests digests) => new(
        index, $"{signature.IndirectData.Hash.Name} {Convert.ToHexStringLower(signature.IndirectData.Digest.Span)}",
        digests.Match(signature.IndirectData.Hash, signature.IndirectData.Digest.Span),
        signature.IsBeyondJudgement ? null : signature.SignaturesHold(),
        signature.Signer is { } signer ? CertificateNames.Of(signer) : null);

    private static InspectResult WithPayload(InspectResult result, PeImage image, Layout file, KernelInside inside, RunContext context)
    {
        ZbootHeader header = ZbootHeader.Read(image, file);
        result = result with
        {
            Payload = new(header.CompressionName, header.PayloadOffset, header.PayloadSize, header.UncompressedLength(file)),
            Parts = ImageParts.Of(image, file, header),
        };
        // One with a .linux section has another kernel that counts.
        using TemporaryFile? apart = inside.IsUnified ? Decompressor.Payload(file, header, context) : null;
        Layout kernel = apart is null ? inside.Open() : Layout.Of(apart);
        // The stub jumps to the payload's first byte, so a zboot image in there never runs; and an image can be made that
        // unpacks to itself.
        byte[] head = KnownImage.HeadOf(kernel);
        if (PeReader.LooksLikePe(head) && PeReader.Read(kernel).FindSection(UkiSections.Linux) is not null)
            return result with
            {
                Inner = new()
                {
                    File = "payload",
                    Size = kernel.Length,
                    Kind = "unified kernel image inside a zboot",
                    Traps = ["the payload is a unified kernel image: the stub cannot start it. Put the kernel Image in."]
                }
            };
        if (KnownImage.Of(kernel).Kind == ImageKind.Zboot)
            return result with
            {
                Inner = new()
                {
                    File = "payload",
                    Size = kernel.Length,
                    Kind = "EFI zboot kernel inside another",
                    Traps = ["the payload is a zboot image again: the stub cannot start it. Put the kernel Image in."]
                }
            };
        return result with { Inner = Inspect("payload", kernel, context) };
    }

    // A unified kernel image inside another, also by way of a zboot image, would be one layer more each time; no stub starts it.
    private static InspectResult WithKernel(InspectResult result, PeSection section, Layout file, KernelInside inside, RunContext context)
    {
        if (section.RawEnd > file.Length)
            throw FormatErrors.SectionOutsideFile.With(section.Name, section.RawEnd, file.Length);
        Layout kernel = UkiImage.ContentOf(section, file);
        Func<KernelInside>? unpacked = inside is { IsUnified: true, IsUnpacked: true } ? () => inside : null;
        byte[] head = KnownImage.HeadOf(kernel);
        return PeReader.LooksLikePe(head) && PeReader.Read(kernel).FindSection(UkiSections.Linux) is not null
            ? result with
            {
                Inner = new()
                {
                    File = UkiSections.Linux,
                    Size = kernel.Length,
                    Kind = "unified kernel image inside another",
                    Traps = ["the kernel in .linux is a unified kernel image again: put the kernel in."]
                }
            }
            : result with { Inner = Inspect(UkiSections.Linux, kernel, new FileDigests(kernel, context), unpacked, context) };
    }

    private static string ParserIn(PeImage image, Layout file) =>
        ParserObject.Parse(ParserSection.Extract(image, file)).Abi.ToString();

    private static InspectResult InspectElf(string name, Layout file)
    {
        if (ContainerKind(file) is { } kind)
            return new() { File = name, Size = file.Length, Kind = kind };
        if (file.Length > MaxParserLength)
            return new() { File = name, Size = file.Length, Kind = "ELF file (a vmlinux?)" };
        try
        {
            ParserObject parser = ParserObject.Parse(file.ReadBytes(0, file.Length));
            return new() { File = name, Size = file.Length, Kind = "kexec BPF parser object", ParserAbi = parser.Abi.ToString() };
        }
        catch (KexecSignException noParser)
        {
            return new() { File = name, Size = file.Length, Kind = "ELF file", Traps = [noParser.Message] };
        }
    }

    // 'kexecsign bpf inspect' tells more of both.
    private static string? ContainerKind(Layout file)
    {
        try
        {
            ElfSectionTable table = ElfSectionTable.Read(file);
            return ParserElf.Is(table) ? "kexec BPF parser ELF" : ImageEnvelope.Is(table) ? "kexec image envelope" : null;
        }
        catch (KexecSignException)
        {
            return null;
        }
    }

    private static T Collect<T>(List<string> traps, Func<T> look, T otherwise)
    {
        try
        {
            return look();
        }
        catch (KexecSignException broken)
        {
            traps.Add(broken.Message);
            return otherwise;
        }
    }
}
