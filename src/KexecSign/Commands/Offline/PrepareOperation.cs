using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Images;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>Options of <c>prepare</c>.</summary>
public sealed record PrepareOptions
{
    /// <summary>The images to be signed.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Certificate reference of whoever is to sign.</summary>
    public string? Certificate { get; init; }

    /// <summary>The bundle.</summary>
    public string Bundle { get; init; } = "";

    /// <summary>How much of a signature the signer makes.</summary>
    public BundleLevel Level { get; init; }

    /// <summary>Digest; null for the one that suits the key.</summary>
    public string? Digest { get; init; }

    /// <summary>What becomes of signatures that are there already.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Whether a kernel Image is padded so that signed it is exactly image_size bytes long.</summary>
    public bool Fit { get; init; }
}

/// <summary>Result of <c>prepare</c>.</summary>
/// <param name="Bundle">The bundle.</param>
/// <param name="Stage">The stage that was added.</param>
public sealed record PrepareResult(string Bundle, BundleStage Stage) : OperationResult
{
    /// <summary>The certificate's reference as it was given, without the query of a URI, which is where PINs are.</summary>
    internal string Certificate { get; init; } = "CERT";

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Bundle}: stage {Stage.Number}, {Stage.Files.Length} file(s) to be signed by {Stage.Certificate.Subject}",
        [new("", ["file", "image digest", "to be signed"],
            [.. Stage.Files.Select(f => ImmutableArray.Create(f.Name, $"{Stage.Digest} {f.ImageDigest}", f.ToBeSigned
                ?? "the image digest"))])],
        [$"Review stage-{Stage.Number}/review.txt, have the files in stage-{Stage.Number}/requests signed, put what comes back into "
            + $"stage-{Stage.Number}/answers, "
            + $"and run 'kexecsign attach --bundle {Bundle} --cert {Certificate} -o OUT'."]);
}

/// <summary><c>prepare</c>: writes out what must be signed elsewhere.</summary>
internal static class PrepareOperation
{
    private static readonly ImmutableArray<string> Levels = ["attributes", "digest"];

    public static Operation<PrepareOptions, PrepareResult> Definition { get; } = new()
    {
        Name = "prepare",
        Summary = "Write out what must be signed, for a key that is somewhere else.",
        Details = "Makes a bundle, a folder with a manifest to review and the bytes to sign; only what is to be signed leaves this "
            + "machine. 'attach' puts the answers in. A kernel in a zboot image needs two rounds: prepare the Image with --fit, attach, "
            + "build the zboot image, and prepare that with the same bundle; the manifest then says that the kernel inside is the one of "
            + "the first round. Modules, IMA, packages and all else go by the key's place: '--key prepare:DIR' (docs/elsewhere.md).",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Files), .. PlannedStep.Write(o.Bundle)],
        TypedResult = () => OfflineJson.Default.PrepareResult,
        MakeArguments = () => [new("FILE", "The image, or several.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true)],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of whoever is to sign; chain certificates may follow in a PEM file.",
                (o, v) => o with { Certificate = v }, required: true),
            new("bundle", "DIR", "The bundle; begun when the folder is not there, continued when its last stage is attached.",
                (o, v) => o with { Bundle = v }, required: true),
            new("level", "LEVEL", "What the signer is given: attributes to sign, or a digest to make a whole PKCS#7 or CMS for.",
                (o, v) => o with { Level = OptionValues.Choice("level", v, Levels) == "digest"
                    ? BundleLevel.Digest
                    : BundleLevel.Attributes }, "attributes", choices: Levels),
            SigningOptionSpecs.Digest<PrepareOptions>(HashUses.Image, (o, v) => o with { Digest = v }),
            .. SigningOptionSpecs.Existing<PrepareOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("fit", null, "Pad a kernel Image so that, signed, it is exactly image_size bytes long: for the Image inside a zboot.",
                (o, _) => o with { Fit = true }),
        ],
        Examples =
        [
            new("kexecsign prepare Image --fit --cert kexec.pem --bundle release-6.12", "First round: the Image that goes into a zboot."),
            new("kexecsign prepare vmlinuz.efi --cert db.pem --bundle release-6.12",
                "Second round: the zboot image, once the first is attached."),
        ],
    };

    private static PrepareResult Run(PrepareOptions options, RunContext context)
    {
        if (options.Files.IsEmpty)
            throw OperationErrors.OptionMissing.With("prepare", "a FILE");
        if (options is { Fit: true, Existing: ExistingSignatures.Append or ExistingSignatures.Prepend })
            throw OperationErrors.OptionsConflict.With(new NamedOption("fit"),
                new NamedOption(options.Existing.ToString().ToLowerInvariant()));
        // How long a PKCS#7 made elsewhere will be is not known, and the padding counts on it.
        if (options is { Fit: true, Level: BundleLevel.Digest })
            throw OperationErrors.OptionsConflict.With(new NamedOption("fit"), new NamedOption("level", "digest"));
        // Who approves reads the name, and it becomes part of other names.
        foreach (string file in options.Files.Where(f => Printable.Hides(Path.GetFileName(f))))
            throw OperationErrors.NameHides.With(Printable.Line(Path.GetFileName(file)));
        BatchNames.RequireDifferent(options.Files.Select(f => (f, Path.GetFileName(f))));

        Bundle bundle = Bundle.OpenOrBegin(options.Bundle);
        if (bundle.Manifest.LastOfImages is { Attached: false } waiting)
            throw OperationErrors.StageWaits.With(waiting.Number, waiting.Files.Length).In(options.Bundle);
        var identity = SigningIdentity.Elsewhere(
            CertificateBundle.SignerFirst(context.Keyring.OpenCertificates(
                options.Certificate ?? throw OperationErrors.OptionMissing.With("prepare", new NamedOption("cert")), new PinOptions(),
                    context.Cancellation)), options.Digest);

        var requests = options.Files.Select((file, i) => Prepare(file, i, identity, options, bundle, context)).ToList();
        var stage = new BundleStage
        {
            Number = bundle.Manifest.Stages.Length + 1,
            Level = options.Level,
            Digest = identity.Hash.Name!.ToLowerInvariant(),
            Certificate = BundleCertificate.Of(identity.Certificate, identity.Key),
            Files = [.. requests.Select(r => r.File)],
        };
        bundle.Add(stage, [.. requests.SelectMany(r => r.Parts), (Bundle.CertificatesName, Pem(identity)),
            (Bundle.ReviewName, Encoding.UTF8.GetBytes(ReviewText.Of(stage)))], context);
        return new(options.Bundle, stage) { Certificate = options.Certificate.Split('?', 2)[0] };
    }

    private static (BundleFile File, IEnumerable<(string, byte[])> Parts) Prepare(
        string path, int index, SigningIdentity identity, PrepareOptions options, Bundle bundle, RunContext context)
    {
        using FileSource source = FileSource.Open(path);
        try
        {
            Layout file = source.ToLayout();
            PendingSignature pending = PendingSignature.Prepare(file, identity, options.Existing, options.Fit);
            byte[] digest = Hash(pending, context);
            byte[] hash = pending.ToBeSigned(digest);
            string name = Path.GetFileName(path);
            string request = $"{index + 1:00}-{name[..Math.Min(name.Length, 200)]}";
            byte[] statement = pending.IndirectData!.Encode();
            bool attributes = options.Level == BundleLevel.Attributes;
            var described = new BundleFile
            {
                Name = name,
                Input = Path.GetRelativePath(Path.GetFullPath(bundle.Folder), Path.GetFullPath(path)),
                Size = file.Length,
                Sha256 = Convert.ToHexStringLower(LayoutPass.Hash(file, HashAlgorithmName.SHA256, context)),
                LinuxVersion = LinuxVersion.Of(pending.Image, file, context),
                Existing = options.Existing,
                Fit = options.Fit,
                ImageDigest = Convert.ToHexStringLower(digest),
                ToBeSigned = attributes ? Convert.ToHexStringLower(hash) : null,
                Request = request,
                Inner = InnerKernel.Find(pending.Image, file, bundle.Manifest, path, context),
            };
            IEnumerable<(string, byte[])> parts = attributes
                ? [("attributes", pending.Attributes!.Der.ToArray()), ("hash", hash)]
                : [("digest", digest), ("content", SpcIndirectData.HashedOctets(statement).ToArray())];
            return (described, parts.Select(p => ($"requests/{request}.{p.Item1}", p.Item2)).ToList());
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static byte[] Hash(PendingSignature pending, RunContext context)
    {
        using IRunStep step = context.Log.Step("hash the image", pending.Body.Length);
        return LayoutPass.Finish(LayoutPass.Run(pending.Body, null, [pending.ImageHash], step, context.Cancellation))[0];
    }

    private static byte[] Pem(SigningIdentity identity) =>
        Encoding.ASCII.GetBytes(string.Concat(identity.Certificates.Select(c => c.ExportCertificatePem() + "\n")));
}
