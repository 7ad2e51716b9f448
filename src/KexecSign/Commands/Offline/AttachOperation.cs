using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>Options of <c>attach</c>.</summary>
public sealed record AttachOptions
{
    /// <summary>The bundle.</summary>
    public string Bundle { get; init; } = "";

    /// <summary>Answers that are not in the bundle: files or folders.</summary>
    public ImmutableArray<string> Answers { get; init; } = [];

    /// <summary>Folder where the inputs are, when they are no longer where they were.</summary>
    public string? From { get; init; }

    /// <summary>
    /// Certificate that must have signed, with the chain that 'prepare' was given; what the bundle holds is not believed.
    /// </summary>
    public string? Certificate { get; init; }

    /// <summary>Output file for one image, output folder for several.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>attach</c>.</summary>
/// <param name="Bundle">The bundle.</param>
/// <param name="Stage">The stage that is done now.</param>
/// <param name="Signed">The files, in the stage's order.</param>
public sealed record AttachResult(string Bundle, int Stage, ImmutableArray<SignedImage> Signed) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Bundle}: stage {Stage} is done, {Signed.Length} file(s) signed",
        [new("", ["file", "bytes", "image digest", "signer"],
            [.. Signed.Select(s => ImmutableArray.Create(s.File, $"{s.Size}", $"{s.DigestAlgorithm} {s.ImageDigest}", s.Signer))])], []);
}

/// <summary><c>attach</c>: puts signatures that were made elsewhere into the files they are for.</summary>
internal static class AttachOperation
{
    public static Operation<AttachOptions, AttachResult> Definition { get; } = new()
    {
        Name = "attach",
        Summary = "Put signatures that were made elsewhere into their files.",
        Details = "Takes bare signatures, PKCS#7 and CMS, under any name and in any order; each must hold by the bundle's certificate and "
            + "be for one of its files. All files are completed, or none. Nothing is written into the bundle, which may hold plain files "
            + "only; what is done, and the PKCS#7 of each file for other tools to attach, goes into BUNDLE.attached beside it.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Bundle), .. PlannedStep.Read(o.Answers), .. PlannedStep.Write(o.Output)],
        TypedResult = () => OfflineJson.Default.AttachResult,
        MakeOptions = () =>
        [
            new("bundle", "DIR", "The bundle that 'prepare' made.", (o, v) => o with { Bundle = v }, required: true),
            new("answer", "PATH", "A signature, or a folder of them, that is not in the bundle's folder of answers.",
                (o, v) => o with { Answers = o.Answers.Add(v) }, repeatable: true),
            new("from", "DIR", "Folder where the images are now, when they are no longer where they were prepared.",
                (o, v) => o with { From = v }),
            new("cert", "CERT", "Certificate that must have signed, the file that 'prepare' was given: the bundle was in other hands, so "
                + "its own is not believed.", (o, v) => o with { Certificate = v }, required: true),
            new("o", "PATH", "Output file for one image, existing folder for several.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples = [new("kexecsign attach --bundle release-6.12 --cert kexec.pem -o Image.signed",
            "Complete the file of the bundle's last stage.")],
    };

    private static AttachResult Run(AttachOptions options, RunContext context)
    {
        Bundle bundle = Bundle.Open(options.Bundle);
        BundleStage stage = bundle.Manifest.LastOfImages is { Attached: false } waiting
            ? waiting
            : throw OperationErrors.NothingPrepared.With(bundle.Manifest.Stages.Count(s => s.Hashes.IsEmpty)).In(options.Bundle);
        var targets = stage.Files.Select(f => (File: f, Source: Source(f, bundle, options), Target: Target(f, stage, options)))
            .ToImmutableArray();
        BatchNames.RequireDifferent(targets.Select(t => (t.Source, Path.GetFullPath(t.Target))));
        SigningIdentity identity = Signer(bundle, stage, options, context);
        ImmutableArray<byte[]> pkcs7s = AnswerMatching.Complete(bundle, stage, identity,
            SignerAnswer.ReadAll(bundle.AnswersFolder(stage.Number), options.Answers));

        using var files = new StagedFiles([.. targets.Select(t => t.Source)]);
        var open = new List<(FileSource Source, ImageSigning Signing)>();
        try
        {
            for (int i = 0; i < targets.Length; i++)
            {
                open.Add(Begin(targets[i].File, targets[i].Source, files.Add(targets[i].Target), identity, context));
                open[i].Signing.Use(pkcs7s[i]);
            }
            ImmutableArray<SignedImage> signed = [.. open.Select((o, i) => o.Signing.Finish() with { File = targets[i].Target })];
            context.Cancellation.ThrowIfCancellationRequested();
            Place(files, AttachedRecord.Of(options.Bundle), stage, signed, pkcs7s, context);
            return new(options.Bundle, stage.Number, signed);
        }
        finally
        {
            foreach ((FileSource source, ImageSigning signing) in open)
            {
                signing.Dispose();
                source.Dispose();
            }
        }
    }

    // The record appears with the images or not at all: a stage that is done counts as done, and one that is not can be attached again.
    private static void Place(
        StagedFiles files, AttachedRecord record, BundleStage stage, ImmutableArray<SignedImage> signed, ImmutableArray<byte[]> pkcs7s,
            RunContext context)
    {
        try
        {
            record.Add(stage, [.. signed.Select(s => new BundleOutput(s.Size, s.Sha256))], pkcs7s, files, context);
            files.Place();
        }
        catch
        {
            record.TakeBack(stage);
            throw;
        }
    }

    private static (FileSource, ImageSigning) Begin(BundleFile file, string path, string target, SigningIdentity identity,
        RunContext context)
    {
        FileSource source = FileSource.Open(path);
        OutputFile? output = null;
        try
        {
            PendingSignature pending = PendingSignature.Prepare(source.ToLayout(), identity, file.Existing, file.Fit);
            output = OutputFile.Create(target, path);
            ImageSigning signing = ImageSigning.Begin(pending, identity, output, context, [HashAlgorithmName.SHA256]);
            string digest = Convert.ToHexStringLower(signing.ImageDigest.Span);
            return digest.Equals(file.ImageDigest, StringComparison.OrdinalIgnoreCase)
                ? (source, signing)
                : throw OperationErrors.ChangedSincePrepared.With(file.ImageDigest, digest);
        }
        catch (Exception failed)
        {
            output?.Dispose();
            source.Dispose();
            throw failed is KexecSignException refused ? refused.In(path) : failed;
        }
    }

    private static SigningIdentity Signer(Bundle bundle, BundleStage stage, AttachOptions options, RunContext context)
    {
        IReadOnlyList<X509Certificate2> certificates = CertificateBundle.SignerFirst(context.Keyring.OpenCertificates(
            options.Certificate ?? throw OperationErrors.OptionMissing.With("attach", new NamedOption("cert")), new PinOptions(),
                context.Cancellation));
        string insisted = BundleCertificate.Fingerprint(certificates[0]);
        if (insisted != stage.Certificate.Sha256)
            throw OperationErrors.NotABundle.With($"it is for the certificate with SHA-256 {stage.Certificate.Sha256}, not for {insisted}")
                .In(options.Bundle);
        // The signature's length was foreseen with the chain that prepare was given.
        string own = Path.Combine(bundle.StageFolder(stage.Number), Bundle.CertificatesName);
        IReadOnlyList<X509Certificate2> prepared = context.Keyring.OpenCertificates("file:" + own, new PinOptions(), context.Cancellation);
        if (!prepared.Select(BundleCertificate.Fingerprint).SequenceEqual(certificates.Select(BundleCertificate.Fingerprint)))
            throw OperationErrors.NotABundle.With($"it was prepared with {prepared.Count} certificate(s), "
                + $"and {new NamedOption("cert")} has {certificates.Count} or others; give the file that 'prepare' was given")
                    .In(options.Bundle);
        return SigningIdentity.Elsewhere(certificates, stage.Digest);
    }

    private static string Source(BundleFile file, Bundle bundle, AttachOptions options) =>
        options.From is { } folder ? Path.Combine(folder, file.Name) : Path.GetFullPath(file.Input, Path.GetFullPath(bundle.Folder));

    private static string Target(BundleFile file, BundleStage stage, AttachOptions options)
    {
        string output = options.Output ?? throw OperationErrors.NoOutput.With(stage.Files.Length);
        bool toFolder = Directory.Exists(output);
        if (stage.Files.Length > 1 && !toFolder)
            throw OperationErrors.NoOutput.With(stage.Files.Length);
        return toFolder ? Path.Combine(output, file.Name) : output;
    }
}
