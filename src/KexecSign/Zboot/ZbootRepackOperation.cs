using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Operations;
using KexecSign.Reports;
using KexecSign.Running;
using KexecSign.Signing;

namespace KexecSign.Zboot;

/// <summary><c>zboot repack</c>: signs the Image inside a finished zboot image, without kernel tree, linker or compiler.</summary>
internal static class ZbootRepackOperation
{
    public static Operation<ZbootRepackOptions, ZbootRepackResult> Definition { get; } = new()
    {
        Name = "zboot repack",
        Summary = "Sign the kernel Image inside a finished vmlinuz.efi, without its kernel tree.",
        Details = "The payload is unpacked, signed so that it is exactly image_size bytes long, compressed again into the room of the old payload, "
            + "and read once more before it appears; the stub stays as it is. gzip always has room, because it is compressed better than by the "
            + "kernel's build. For zstd, whose build leaves next to none, several settings are tried; when none fits, a kit links it anew.",
        Body = Run,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Image, o.Kit), .. PlannedStep.Sign("the Image inside", o.Signing.Key, o.Signing.Certificate), .. PlannedStep.Write(o.SignedImage, o.Output),
        ],
        TypedResult = () => ReportJson.Default.ZbootRepackResult,
        TypedArguments = [new("FILE", "A vmlinuz.efi; its outer signature, if any, is taken off.", (o, v) => o with { Image = v })],
        TypedOptions =
        [
            .. SigningOptionSpecs.All<ZbootRepackOptions>("that signs the Image inside", o => o.Signing, (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.Existing<ZbootRepackOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("kit", "FILE", "The kernel's kit from 'zboot kit', to link with when the signed Image does not fit.", (o, v) => o with { Kit = v }),
            new("signed-image", "FILE", "Keep the signed Image there.", (o, v) => o with { SignedImage = v }),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign zboot repack vmlinuz.efi --key 'pkcs11:token=release;object=kexec' --cert kexec.pem --pin-env RELEASE_PIN -o vmlinuz.signed.efi",
                "Sign the Image inside; sign vmlinuz.signed.efi itself afterwards."),
        ],
    };

    private static ZbootRepackResult Run(ZbootRepackOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("zboot repack", "-o");
        string[] inputs = [options.Image, .. options.Kit is null ? Array.Empty<string>() : [options.Kit]];
        ZbootKit? kit = options.Kit is null ? null : ZbootKit.Open(options.Kit);
        using FileSource source = FileSource.Open(options.Image);
        using OutputFile output = OutputFile.Create(path, inputs);
        using OutputFile? kept = options.SignedImage is null ? null : OutputFile.Create(options.SignedImage, [.. inputs, path]);
        SigningIdentity identity = SigningIdentity.Open("zboot repack", options.Signing, context);
        try
        {
            using FinishedZboot zboot = FinishedZboot.Open(source.ToLayout(), context);
            using InnerImage inner = InnerImage.Sign(zboot.Kernel, identity, options.Existing, context);
            ZbootRepackResult result = PutBack(zboot, inner, kit, output, options, context);
            if (kept is not null)
                _ = WrittenFile.Fill(kept, inner.Image, context);
            kept?.Commit();
            output.Commit();
            return result;
        }
        catch (KexecSignException refused) when (refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(options.Image);
        }
    }

    private static ZbootRepackResult PutBack(
        FinishedZboot zboot, InnerImage inner, ZbootKit? kit, OutputFile output, ZbootRepackOptions options, RunContext context)
    {
        using PayloadFit? fit = PayloadFit.Search(inner.Image, zboot.Header.Compression, zboot.Header.PayloadSize, context, out long shortest);
        if (fit is null)
            return Relink(zboot, inner, kit ?? throw DoesNotFit(zboot, shortest, options.Image), output, options, context);
        Layout repacked = zboot.With(fit.Payload, checked((uint)inner.Image.Length));
        FinishedZboot.Require(repacked, inner.Signature.Sha256, context);
        WrittenFile written = WrittenFile.Fill(output, repacked, context);
        return new(
            options.Output!, written.Size, written.Sha256, zboot.Header.Compression, fit.Attempt.ToString(), zboot.Header.PayloadOffset,
            zboot.Header.PayloadSize, fit.Filler, null, inner.Image.Length, zboot.WasSigned, inner.Signature, options.SignedImage);
    }

    private static ZbootRepackResult Relink(
        FinishedZboot zboot, InnerImage inner, ZbootKit kit, OutputFile output, ZbootRepackOptions options, RunContext context)
    {
        context.Log.Warning($"the signed Image does not fit the old payload's room; linking anew from {kit.Path}, whose stub is that of {kit.Manifest.KernelRelease}.");
        using var linked = ZbootAssembly.Make(kit, inner.Image, new(zboot.Header.Compression), context);
        WrittenFile written = WrittenFile.Fill(output, linked.Image, context);
        return new(
            options.Output!, written.Size, written.Sha256, linked.Header.Compression, $"level {linked.Level}", linked.Header.PayloadOffset,
            linked.Header.PayloadSize, null, kit.Sha256, linked.ImageLength, zboot.WasSigned, inner.Signature, options.SignedImage);
    }

    private static KexecSignException DoesNotFit(FinishedZboot zboot, long shortest, string path)
    {
        string compression = zboot.Header.Compression.ToString().ToLowerInvariant();
        long room = zboot.Header.PayloadSize;
        return (shortest > room
            ? OperationErrors.PayloadTooLong.With(compression, shortest, zboot.Header.PayloadOffset, room, shortest - room)
            : OperationErrors.PayloadUnfillable.With(compression, room, zboot.Header.PayloadOffset)).In(path);
    }
}
