using KexecSign.Compression;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Provenance;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Zboot;

/// <summary><c>zboot repack</c>: signs the Image inside a finished zboot image, without kernel tree, linker or compiler.</summary>
internal static class ZbootRepackOperation
{
    public static Operation<ZbootRepackOptions, ZbootRepackResult> Definition { get; } = new()
    {
        Name = "zboot repack",
        Summary = "Sign the kernel Image inside a finished vmlinuz.efi, without its kernel tree.",
        Details = "The payload is unpacked, signed so that it is exactly image_size bytes long, compressed again into the space of the old "
            + "payload, and read once more before it appears; the stub stays as it is. gzip always fits, because it is compressed better "
            + "than by the kernel's build. For zstd, whose build leaves next to none, several settings are tried. When none fits, a "
            + "smaller signature is made if --may-drop-chain or --smaller-key allows it; else a kit links the image anew; else the number "
            + "of missing bytes is told. With --image the same kernel, signed elsewhere, goes in instead; then no key is needed.",
        Body = Run,
        RunsPrograms = true,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Image, o.Replacement, o.Kit),
            .. o.Replacement is not null && o.Signing.Key is null
                ? []
                : PlannedStep.Sign("the Image inside", o.Signing.Key, o.Signing.Certificate),
            .. PlannedStep.Sign("the Image inside, if the other signature does not fit", o.Smaller.Key, o.Smaller.Certificate),
            .. PlannedStep.Write(o.SignedImage, o.Output),
        ],
        TypedResult = () => ZbootJson.Default.ZbootRepackResult,
        MakeArguments = () => [new("FILE", "A vmlinuz.efi; its outer signature, if any, is taken off.", (o, v) => o with { Image = v })],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.All<ZbootRepackOptions>("that signs the Image inside", HashUses.Image, o => o.Signing,
                (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.KeyAndCertificate<ZbootRepackOptions>(
                "smaller-", "that signs instead when --key's signature does not fit (P-256 takes about 500 bytes less than RSA-2048; the "
                    + "kernel has to trust it)",
                o => o.Smaller, (o, s) => o with { Smaller = s }),
            new("may-drop-chain", null,
                "Leave out chain certificates when the signature does not fit with them; what checks it then has to know the issuer.",
                (o, _) => o with { MayDropChain = true }),
            .. SigningOptionSpecs.Existing<ZbootRepackOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("image", "FILE", "Put this Image in instead: the same kernel, signed elsewhere, or to be signed now.",
                (o, v) => o with { Replacement = v }),
            new("kit", "FILE", "The kernel's kit from 'zboot kit', to link with when the signed Image does not fit.",
                (o, v) => o with { Kit = v }),
            ZbootOptionSpecs.KitSigner<ZbootRepackOptions>((o, v) => o with { KitSigners = o.KitSigners.Add(v) }),
            ZbootOptionSpecs.Zstd<ZbootRepackOptions>((o, v) => o with { Zstd = v }),
            ZbootOptionSpecs.Linker<ZbootRepackOptions>((o, v) => o with { Linker = v }),
            new("signed-image", "FILE", "Keep the signed Image there.", (o, v) => o with { SignedImage = v }, kind: OptionKind.PathOut),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign zboot repack vmlinuz.efi --key 'pkcs11:token=release;object=kexec' --cert kexec.pem --pin-env RELEASE_PIN -o "
                + "vmlinuz.signed.efi",
                "Sign the Image inside; sign vmlinuz.signed.efi itself afterwards."),
            new("kexecsign zboot repack vmlinuz.efi --image Image.signed -o vmlinuz.signed.efi",
                "Put an Image in that was signed on another machine ('zboot extract', 'prepare --fit', 'attach')."),
        ],
    };

    private static ZbootRepackResult Run(ZbootRepackOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("zboot repack", new NamedOption("o"));
        string[] inputs = [.. new[] { options.Image, options.Kit, options.Replacement }.OfType<string>()];
        ZbootKit? kit = options.Kit is null ? null : ZbootKit.Open(options.Kit);
        if (kit is null && !options.KitSigners.IsEmpty)
            throw OperationErrors.OptionMissing.With("zboot repack", new NamedOption("kit"));
        if (kit is not null)
            KitSignature.Require(kit, options.KitSigners, $"{new NamedOption("kit-signer")}", context);
        using FileSource source = FileSource.Open(options.Image);
        using OutputFile output = OutputFile.Create(path, inputs);
        using OutputFile? kept = options.SignedImage is null ? null : OutputFile.Create(options.SignedImage, [.. inputs, path]);
        using FileSource? replacement = options.Replacement is null ? null : FileSource.Open(options.Replacement);
        IReadOnlyList<RepackSigner> signers = RepackSigner.AllowedBy(options, context);
        try
        {
            using FinishedZboot zboot = FinishedZboot.Open(source.ToLayout(), context);
            ZbootRepackResult result = Repack(zboot, signer => Kernel(signer, zboot, replacement, options, context), signers, kit,
                (output, kept), options, context);
            kept?.Commit();
            output.Commit();
            return result;
        }
        catch (KexecSignException refused) when (refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(options.Image);
        }
    }

    private static RepackedKernel Kernel(RepackSigner signer, FinishedZboot zboot, FileSource? replacement, ZbootRepackOptions options,
        RunContext context)
    {
        if (replacement is null)
            return RepackedKernel.Signed(zboot.Kernel, signer.Identity!, options.Existing, context);
        try
        {
            RepackedKernel.RequireSameKind(replacement.ToLayout(), zboot.Kernel);
            return signer.Identity is { } identity
                ? RepackedKernel.Signed(replacement.ToLayout(), identity, options.Existing, context)
                : RepackedKernel.AsItIs(replacement.ToLayout(), zboot.IsPadded, context);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(replacement.Path);
        }
    }

    // A kit has room for what was asked for in the first place, so it is linked with that.
    private static ZbootRepackResult Repack(
        FinishedZboot zboot, Func<RepackSigner, RepackedKernel> kernel, IReadOnlyList<RepackSigner> signers, ZbootKit? kit,
        (OutputFile Image, OutputFile? Kept) outputs, ZbootRepackOptions options, RunContext context)
    {
        var search = new PayloadSearch(zboot.Header.Compression, zboot.Header.PayloadSize, options.Zstd ?? default);
        foreach (RepackSigner signer in signers)
        {
            using RepackedKernel inner = kernel(signer);
            using PayloadFit? fit = search.Try(inner.Image, inner.Signature?.CertificateTableSize ?? 0, context);
            if (fit is null)
                continue;
            if (signer.Told is not null)
                context.Log.Warning(signer.Told);
            Keep(outputs.Kept, inner, context);
            return PutBack(zboot, inner, fit, outputs.Image, options, context) with { MadeToFit = signer.Told };
        }
        if (kit is null)
            throw zboot.DoesNotFit(search.Shortest, options.Image);
        using RepackedKernel wanted = kernel(signers[0]);
        Keep(outputs.Kept, wanted, context);
        return Relink(zboot, wanted, kit, outputs.Image, options, context);
    }

    private static void Keep(OutputFile? kept, RepackedKernel inner, RunContext context)
    {
        if (kept is not null)
            _ = WrittenFile.Fill(kept, inner.Image, context);
    }

    private static ZbootRepackResult PutBack(
        FinishedZboot zboot, RepackedKernel inner, PayloadFit fit, OutputFile output, ZbootRepackOptions options, RunContext context)
    {
        Layout repacked = zboot.With(fit.Payload, checked((uint)inner.Image.Length));
        FinishedZboot.Require(repacked, inner.Sha256, context);
        WrittenFile written = WrittenFile.Fill(output, repacked, context);
        return new(
            options.Output!, written.Size, written.Sha256, zboot.Header.Compression, fit.Attempt.ToString(), zboot.Header.PayloadOffset,
            zboot.Header.PayloadSize, fit.Filler, null, inner.Image.Length, zboot.WasSigned, inner.Signature, options.SignedImage)
        {
            Library = Compressor.Library(zboot.Header.Compression, options.Zstd ?? default),
        };
    }

    private static ZbootRepackResult Relink(
        FinishedZboot zboot, RepackedKernel inner, ZbootKit kit, OutputFile output, ZbootRepackOptions options, RunContext context)
    {
        context.Log.Warning(
            $"the signed Image does not fit the old payload's space; linking anew from {kit.Path}, whose stub is that of "
            + $"{kit.Manifest.KernelRelease}.");
        using var linked = ZbootAssembly.Make(kit, inner.Image,
            new(zboot.Header.Compression, Linker: options.Linker) { Zstd = options.Zstd }, context);
        WrittenFile written = WrittenFile.Fill(output, linked.Image, context);
        return new(
            options.Output!, written.Size, written.Sha256, linked.Header.Compression, $"level {linked.Level}", linked.Header.PayloadOffset,
            linked.Header.PayloadSize, null, kit.Sha256, linked.ImageLength, zboot.WasSigned, inner.Signature, options.SignedImage)
        {
            Library = linked.Library,
        };
    }
}
