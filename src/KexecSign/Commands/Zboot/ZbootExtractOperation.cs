using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Commands.Zboot;

/// <summary>Options of <c>zboot extract</c>.</summary>
public sealed record ZbootExtractOptions
{
    /// <summary>The zboot image.</summary>
    public string Image { get; init; } = "";

    /// <summary>Where the kernel goes.</summary>
    public string? Output { get; init; }
}

/// <summary>A kernel taken out of a zboot image; sizes in bytes.</summary>
/// <param name="File">Where it was written.</param>
/// <param name="Size">Its length.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Compression">As the zboot header names it.</param>
/// <param name="Architecture">Architecture by the Image header; null when it is no Image.</param>
/// <param name="ImageSize">image_size by that header.</param>
/// <param name="IsImageSize">Whether the file is exactly that long, as a stub of Linux 6.2 or later needs it.</param>
/// <param name="IsSigned">Whether it carries an Authenticode signature.</param>
/// <param name="Signer">Subject of the first signer's certificate.</param>
public sealed record ZbootExtractResult(
    string File, long Size, string Sha256, string Compression, ImageArchitecture? Architecture, long? ImageSize, bool? IsImageSize,
    bool IsSigned, string? Signer) : OperationResult
{
    /// <summary>What the file is, in words: a kernel Image, an ELF file, another zboot image.</summary>
    public required string What { get; init; }

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"extracted {File}",
        [ReportTable.Fields("",
            ("bytes", $"{Size}, unpacked from {Compression}"),
            ("what", What),
            ("image_size", ImageSize is null
                ? null
                : $"0x{ImageSize:x}, {(IsImageSize == true ? "the file's length" : "not the file's length")}"),
            ("signed", IsSigned ? $"by {Signer ?? "an unknown signer"}" : "no"),
            ("sha256", Sha256))],
        []);
}

/// <summary><c>zboot extract</c>: unpacks the kernel inside a zboot image.</summary>
internal static class ZbootExtractOperation
{
    private const int HeadSize = 4096;

    public static Operation<ZbootExtractOptions, ZbootExtractResult> Definition { get; } = new()
    {
        Name = "zboot extract",
        Summary = "Unpack the kernel inside a vmlinuz.efi.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Image), .. PlannedStep.Write(o.Output)],
        TypedResult = () => ZbootJson.Default.ZbootExtractResult,
        MakeArguments = () => [new("FILE", "A vmlinuz.efi, signed or not.", (o, v) => o with { Image = v })],
        MakeOptions = () => [new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true)],
        Examples = [new("kexecsign zboot extract vmlinuz.efi -o Image", "Write the Image inside, padding included.")],
    };

    private static ZbootExtractResult Run(ZbootExtractOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("zboot extract", new NamedOption("o"));
        using FileSource source = FileSource.Open(options.Image);
        try
        {
            Layout file = source.ToLayout();
            ZbootHeader header = ZbootHeader.Read(PeReader.Read(file), file);
            uint length = header.UncompressedLength(file);
            using OutputFile output = OutputFile.Create(path, options.Image);
            using var hashed = new HashedOutput(output, length);
            Decompressor.Payload(file, header, hashed.Write, context);
            WrittenFile written = hashed.Finish();
            Layout kernel = output.ToLayout();
            // Reading a signature takes about as long as flushing to a disk.
            var description = Task.Run(() => Describe(path, written, header, kernel));
            try
            {
                output.Commit();
            }
            finally
            {
                ((IAsyncResult)description).AsyncWaitHandle.WaitOne();
            }
            return description.GetAwaiter().GetResult();
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Image);
        }
    }

    private static ZbootExtractResult Describe(string path, WrittenFile written, ZbootHeader header, Layout kernel)
    {
        byte[] head = kernel.ReadBytes(0, Math.Min(kernel.Length, HeadSize));
        KernelImage? image = KernelImage.TryParse(head);
        (bool isSigned, string? signer) = SignatureOf(kernel);
        return new(
            path, written.Size, written.Sha256, header.CompressionName, image?.Architecture,
            image is null ? null : unchecked((long)image.ImageSize), image is null ? null : image.ImageSize == (ulong)kernel.Length,
                isSigned, signer)
        {
            What = PayloadKind.Of(head),
        };
    }

    // The kernel was unpacked whatever its own headers are worth; a table that cannot be read still is one.
    private static (bool IsSigned, string? Signer) SignatureOf(Layout kernel)
    {
        bool isSigned = false;
        try
        {
            PeImage image = PeReader.Read(kernel);
            isSigned = image.IsSigned;
            var entries = isSigned ? CertificateTable.Read(image, kernel) : [];
            return (isSigned, entries.IsEmpty ? null : AuthenticodeSignature.Decode(entries[0].Pkcs7()).Signer?.Subject);
        }
        catch (KexecSignException)
        {
            return (isSigned, null);
        }
    }
}
