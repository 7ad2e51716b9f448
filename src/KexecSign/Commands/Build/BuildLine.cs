using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Ima;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Keys.Certificates;
using KexecSign.Parsers;
using KexecSign.Provenance;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>
/// One run of the line: inner sign, compress, link, embed, outer sign, IMA, verify, and only then into place. Keys are opened
/// first, so that a wrong PIN is found before minutes of compression.
/// </summary>
internal sealed class BuildLine
{
    private readonly BuildOptions _options;
    private readonly RunContext _context;
    private readonly SigningIdentity? _outer, _inner, _ima, _provenance;

    public BuildLine(BuildOptions options, RunContext context)
    {
        _options = options;
        _context = context;
        _outer = Open(options.Outer);
        _inner = Open(options.Inner);
        _ima = Open(options.Ima, MlDsaUse.TakenByIma);
        if (options.Provenance is not null)
            _provenance = Open(options.ProvenanceSigner) ?? throw OperationErrors.ProvenanceUnsigned.With();
        SharedKeys.Warn([("the outer PE", _outer), ("the Image inside", _inner), ("IMA", _ima), ("the provenance", _provenance)], context);
    }

    /// <summary>Runs the line.</summary>
    public BuildResult Run()
    {
        RequirePlaceForSidecar();
        using var files = new StagedFiles(BuildSources.Paths(_options));
        var targets = BuildTargets.Of(_options, files);
        using var sources = BuildSources.Open(_options, _context);
        using BuildBody body = Body(sources);
        if (body.SourceSha256 is not null)
            sources.Know(sources.Image.Path, body.SourceSha256);
        (Layout image, EmbeddedParser? parser) = WithSections(body.Image, sources);
        (WrittenFile written, SignedImage? outer, byte[] imaDigest) = WriteImage(image, targets.Image);
        ImaSigned? ima = _ima is null ? null : SignForIma(targets.Image, imaDigest);
        ImmutableArray<BuildInput> outputs = [new(_options.Output!, written.Size, written.Sha256), .. WriteBeside(targets, body, ima)];
        BuildResult result = Judged(targets, sources, parser, outputs, body.Unpacked) with
        {
            // Of a finished vmlinuz.efi it is the Image inside that has one.
            ImageSize = ImageSize(sources.Image.ToLayout()) ?? (body.Inner is null ? null : ImageSize(body.Inner.Image)),
            Inner = body.Inner?.Signature,
            SignedImage = body.Inner is null ? null : _options.SignedImage,
            Zboot = body.Zboot,
            Outer = outer is null ? null : outer with { File = _options.Output! },
            Ima = ima is null ? null : ima with { File = _options.Output!, Sidecar = _options.Output + ".sig" },
        };
        if (targets.Report is not null)
            WrittenFile.Write(Layout.Of(ReportDocument.Of(result, BuildJson.Default.BuildResult)), targets.Report, [], _context);
        _context.Cancellation.ThrowIfCancellationRequested();
        files.Place();
        return result;
    }

    // A sidecar stands beside a file, and a stream has no place beside it.
    private void RequirePlaceForSidecar()
    {
        if (_ima is not null && OutputTarget.IsStandardOutput(_options.Output!))
            throw OperationErrors.OptionsConflict.With(new NamedOption("o", _options.Output), new NamedOption("ima-key"));
    }

    private (Layout Image, EmbeddedParser? Parser) WithSections(Layout body, BuildSources sources)
    {
        Layout image = _options.Sbat is null ? body : SbatSection.Put(body, _options.Sbat);
        if (_options.Parser is null)
            return (image, null);
        (image, EmbeddedParser parser) = ParserEmbedding.Embed(image, _options.Parser, _context);
        sources.Know(_options.Parser, parser.Sha256);
        return (image, parser);
    }

    private IEnumerable<BuildInput> WriteBeside(BuildTargets targets, BuildBody body, ImaSigned? ima)
    {
        if (ima is not null)
            yield return Write(Layout.Of(Convert.FromHexString(ima.Value)), targets.Sidecar!, _options.Output + ".sig");
        if (targets.SignedImage is not null)
            yield return Write(body.Inner!.Image, targets.SignedImage, _options.SignedImage!);
        if (targets.Tar is not null)
            yield return WriteTar(targets.Tar, targets.Image, ima!);
    }

    // The finished file is opened once, and read once: consumers, policy and provenance speak of the same bytes.
    private BuildResult Judged(BuildTargets targets, BuildSources sources, EmbeddedParser? parser, ImmutableArray<BuildInput> outputs,
        UnpackedAhead? unpacked)
    {
        using var finished = JudgedFile.Open(targets.Image, _context, unpacked: unpacked);
        if (targets.Provenance is not null)
            ProvenanceSubjects.Announce(finished);
        var signers = new BuildSigners(_outer?.Certificate, _inner?.Certificate, _ima?.Certificate, parser is not null);
        ImmutableArray<Verdict> verdicts = Verify(finished, signers);
        PolicyReport? judged = sources.Policy is null ? null : Judge(sources.Policy, finished, signers, sources.Kit is not null);
        if (targets.Provenance is not null)
        {
            byte[] envelope = ProvenanceEnvelope.Sign(Statement(finished, sources, parser, outputs), _provenance!, _context);
            outputs = outputs.Add(Write(Layout.Of(envelope), targets.Provenance, _options.Provenance!));
        }
        return new()
        {
            Tool = "KexecSign " + ToolVersion.Number,
            File = _options.Output!,
            Image = new(sources.Image.Path, sources.Image.Length, sources.Sha256(sources.Image.Path)),
            Kit = sources.Kit is { } kit ? new(kit.Path, new FileInfo(kit.Path).Length, kit.Sha256) : null,
            LinuxVersion = KernelVersions.Own(finished.Kernel),
            Parser = parser,
            Tar = _options.Tar is null ? null : outputs.Single(o => o.File == _options.Tar),
            Provenance = _options.Provenance,
            Policy = judged,
            Outputs = outputs,
            Recipe = BuildRecipe.Of(_options, sources.Sha256, _context),
            Certificates = [.. Certificates()],
            Verdicts = verdicts,
            IsSigned = finished.Image.IsSigned,
        };
    }

    private SigningIdentity? Open(SigningOptions options, MlDsaUse mlDsa = MlDsaUse.Refused) =>
        options.Key is null ? null : SigningIdentity.Open("build", options, _context, mlDsa);

    private BuildBody Body(BuildSources sources)
    {
        try
        {
            return BuildBody.Make(sources.Image, sources.Kit, _inner, _options.Existing, Recipe(), _context);
        }
        catch (KexecSignException refused)
            when (refused.Code == OperationErrors.AlreadySigned || refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(sources.Image.Path);
        }
    }

    private static long? ImageSize(Layout file) =>
        KernelImage.TryParse(file.ReadBytes(0, Math.Min(file.Length, KernelImage.HeaderSize + 8))) is { } kernel
            ? checked((long)kernel.ImageSize) : null;

    private BuildInput Write(Layout content, string staged, string path)
    {
        WrittenFile written = WrittenFile.Write(content, staged, [], _context);
        return new(path, written.Size, written.Sha256);
    }

    private ZbootRecipe Recipe() => new(ZbootOptionSpecs.Compression(_options.Compression ?? PayloadFormat.Default.Word), _options.Level)
    { Zstd = _options.Zstd };

    // The pass that writes the image computes the digest that IMA wants as well.
    private (WrittenFile File, SignedImage? Signature, byte[] ImaDigest) WriteImage(Layout image, string path)
    {
        HashAlgorithmName wanted = _ima?.Hash ?? HashAlgorithmName.SHA256;
        if (_outer is null)
        {
            using OutputFile output = OutputFile.Create(path);
            (WrittenFile written, ImmutableArray<byte[]> further) = WrittenFile.Fill(
                output, image, wanted == HashAlgorithmName.SHA256 ? [] : [HashRequest.Whole(wanted, image)], _context);
            output.Commit();
            return (written, null, further.IsEmpty ? Convert.FromHexString(written.Sha256) : further[0]);
        }
        using ImageSigning signing = ImageSigning.Begin(
            Prepare(image, _outer), _outer, OutputFile.Create(path), _context, [.. new[] { HashAlgorithmName.SHA256, wanted }.Distinct()]);
        signing.Sign(_context);
        SignedImage signed = signing.Finish();
        return (new(signed.Size, Convert.ToHexStringLower(signing.FileDigests[0])), signed, signing.FileDigests[^1]);
    }

    private PendingSignature Prepare(Layout image, SigningIdentity identity)
    {
        try
        {
            return PendingSignature.Prepare(image, identity, _options.Existing, fit: false);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(_options.Image!);
        }
    }

    // With a sidecar beside the staged file, where the verification looks for it.
    private ImaSigned SignForIma(string staged, byte[] digest)
    {
        using (FileSource source = FileSource.Open(staged))
            RawContent.RequireSignable(source.ToLayout());
        byte[] value = ImaSigner.Sign(digest, _ima!, _context, version: ImaVersion.Of(_ima!.Key));
        return ImaPlacement.Place(staged, digest, value, sidecar: true, _options.Xattr, _context);
    }

    private BuildInput WriteTar(string path, string staged, ImaSigned ima)
    {
        string sha256 = ImaPlacement.WriteTar(
            path, [(staged, Convert.FromHexString(ima.Digest), Convert.FromHexString(ima.Value))], _ima!.Hash, _context);
        return new(_options.Tar!, new FileInfo(path).Length, sha256);
    }

    private ImmutableArray<Verdict> Verify(JudgedFile staged, BuildSigners signers)
    {
        ImmutableArray<Verdict> verdicts = BuildVerdicts.Of(staged, signers, _context);
        Verdict? refused = BuildVerdicts.Refusal(verdicts);
        return refused switch
        {
            null => verdicts,
            { Consumer: Consumer.Bpf } => throw OperationErrors.BuiltWithWrongParser.With(refused.Reason),
            _ => throw OperationErrors.BuiltUnverified.With(refused.Who, refused.Reason.TrimEnd('.')),
        };
    }

    private PolicyReport Judge(PolicyDocument policy, JudgedFile staged, BuildSigners signers, bool hasKit)
    {
        PolicyReport report = PolicyCheck.Judge(policy, staged, signers.Roles.With(PolicyCheck.Trusted(policy, staged, _context)),
            _context, hasKit);
        PolicyFinding? broken = report.Findings.FirstOrDefault(f => !f.Holds);
        return broken is null ? report : throw OperationErrors.BuiltAgainstPolicy.With(policy.Path,
            $"{broken.Rule}: {broken.Code}: {broken.Says}");
    }

    private ProvenanceStatement Statement(JudgedFile finished, BuildSources sources, EmbeddedParser? parser,
        ImmutableArray<BuildInput> outputs)
    {
        string?[] materials = [sources.Image.Path, sources.Kit?.Path, parser is null ? null : _options.Parser, sources.Policy?.Path];
        return new()
        {
            Subjects =
            [
                .. ProvenanceSubjects.Of(finished, Path.GetFileName(_options.Output!), _context),
                .. outputs.Skip(1).Select(o => new ProvenanceSubject(Path.GetFileName(o.File), o.Sha256)),
            ],
            Materials = [.. materials.OfType<string>().Select(path => new ProvenanceSubject(Path.GetFileName(path), sources.Sha256(path)))],
            Builder = _options.Builder ?? ProvenanceStatement.UnnamedBuilder,
            LinuxVersion = KernelVersions.Own(finished.Kernel),
            Compression = _options.Kit is null ? null : _options.Compression ?? PayloadFormat.Default.Word,
            Level = _options.Level,
            Library = _options.Kit is null ? null : Recipe().Library,
            Xattr = _options.Xattr,
            Certificates = [.. Certificates()],
        };
    }

    private IEnumerable<BuildCertificate> Certificates()
    {
        foreach ((string role, SigningIdentity? identity) in ((string, SigningIdentity?)[])[("outer", _outer), ("inner", _inner),
            ("ima", _ima)])
        {
            if (identity is not null)
                yield return Describe(role, identity.Certificate);
        }
    }

    private static BuildCertificate Describe(string role, X509Certificate2 certificate) => new(
        role, certificate.Subject, certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(),
        Convert.ToHexStringLower(SubjectKeyIdentifier.Of(certificate)), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
}
