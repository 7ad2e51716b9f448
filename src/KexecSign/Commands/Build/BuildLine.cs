using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
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
        _ima = Open(options.Ima);
        if (options.Provenance is not null)
            _provenance = Open(options.ProvenanceSigner) ?? throw OperationErrors.ProvenanceUnsigned.With();
        SharedKeys.Warn([("the outer PE", _outer), ("the Image inside", _inner), ("IMA", _ima), ("the provenance", _provenance)], context);
    }

    /// <summary>Runs the line.</summary>
    public BuildResult Run()
    {
        string output = _options.Output!;
        // A sidecar stands beside a file, and a stream has no place beside it.
        if (_ima is not null && OutputTarget.IsStandardOutput(output))
            throw OperationErrors.OptionsConflict.With("-o " + output, "--ima-key");
        string?[] inputs = [_options.Image, _options.Kit, _options.Sbat, _options.Parser, _options.Policy];
        using var files = new StagedFiles([.. inputs.OfType<string>()]);
        string staged = files.Add(output);
        string? signedImage = Stage(files, _options.SignedImage), tarFile = Stage(files, _options.Tar), report = Stage(files, _options.Report);
        string? sidecar = Stage(files, _ima is null ? null : output + ".sig"), provenance = Stage(files, _options.Provenance);
        PolicyDocument? policy = _options.Policy is null ? null : PolicyDocument.Read(_options.Policy, _options.AllowedModules);
        using FileSource imageSource = FileSource.Open(_options.Image!);
        ZbootKit? kit = AllowedKit.Open(_options, policy, _context);

        using BuildBody body = Body(imageSource, kit);
        Layout image = _options.Sbat is null ? body.Image : SbatSection.Put(body.Image, _options.Sbat);
        EmbeddedParser? parser = null;
        if (_options.Parser is not null)
            (image, parser) = ParserEmbedding.Embed(image, _options.Parser, _context);

        (WrittenFile written, SignedImage? outer, byte[] imaDigest) = WriteImage(image, staged);
        var outputs = ImmutableArray.CreateBuilder<BuildInput>();
        outputs.Add(new(output, written.Size, written.Sha256));

        ImaSigned? ima = _ima is null ? null : SignForIma(staged, imaDigest);
        if (ima is not null)
            outputs.Add(Write(Layout.Of(Convert.FromHexString(ima.Value)), sidecar!, output + ".sig"));
        if (signedImage is not null)
            outputs.Add(Write(body.Inner!.Image, signedImage, _options.SignedImage!));
        BuildInput? tar = tarFile is null ? null : WriteTar(tarFile, staged, ima!);
        if (tar is not null)
            outputs.Add(tar);
        ImmutableArray<Verdict> verdicts;
        PolicyReport? judged;
        using (var finished = JudgedFile.Open(staged, _context))
        {
            var signers = new BuildSigners(_outer?.Certificate, _inner?.Certificate, _ima?.Certificate, parser is not null);
            verdicts = Verify(finished, signers);
            judged = policy is null ? null : Judge(policy, finished, signers);
        }
        if (provenance is not null)
        {
            byte[] envelope = ProvenanceEnvelope.Sign(Statement(staged, imageSource, kit, parser, policy, outputs.ToImmutable()), _provenance!, _context);
            outputs.Add(Write(Layout.Of(envelope), provenance, _options.Provenance!));
        }

        BuildResult result = new()
        {
            Tool = "KexecSign " + ToolVersion.Number,
            File = output,
            Image = Input(imageSource),
            Kit = kit is null ? null : new(kit.Path, new FileInfo(kit.Path).Length, kit.Sha256),
            ImageSize = ImageSize(imageSource),
            Inner = body.Inner?.Signature,
            SignedImage = body.Inner is null ? null : _options.SignedImage,
            Zboot = body.Zboot,
            Parser = parser,
            Outer = outer is null ? null : outer with { File = output },
            Ima = ima is null ? null : ima with { File = output, Sidecar = output + ".sig" },
            Tar = tar,
            Provenance = _options.Provenance,
            Policy = judged,
            Outputs = outputs.ToImmutable(),
            Recipe = BuildRecipe.Of(_options, _context),
            Certificates = [.. Certificates()],
            Verdicts = verdicts,
        };
        if (report is not null)
            WrittenFile.Write(Layout.Of(ReportDocument.Of(result, BuildJson.Default.BuildResult)), report, [], _context);
        _context.Cancellation.ThrowIfCancellationRequested();
        files.Place();
        return result;
    }

    private static string? Stage(StagedFiles files, string? path) => path is null ? null : files.Add(path);

    private SigningIdentity? Open(SigningOptions options) =>
        options.Key is null ? null : SigningIdentity.Open("build", options, _context);

    private BuildBody Body(FileSource source, ZbootKit? kit)
    {
        try
        {
            return BuildBody.Make(source, kit, _inner, Recipe(), _context);
        }
        catch (KexecSignException refused) when (refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(source.Path);
        }
    }

    private static long? ImageSize(FileSource source)
    {
        Layout file = source.ToLayout();
        return KernelImage.TryParse(file.ReadBytes(0, Math.Min(file.Length, KernelImage.HeaderSize + 8))) is { } kernel ? checked((long)kernel.ImageSize) : null;
    }

    private BuildInput Write(Layout content, string staged, string path)
    {
        WrittenFile written = WrittenFile.Write(content, staged, [], _context);
        return new(path, written.Size, written.Sha256);
    }

    private ZbootRecipe Recipe() => new(ZbootOptionSpecs.Compression(_options.Compression ?? "gzip"), _options.Level) { Zstd = _options.Zstd };

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
        using ImageSigning signing = ImageSigning.Begin(Prepare(image, _outer), _outer, OutputFile.Create(path), _context, wanted);
        signing.Sign(_context);
        SignedImage signed = signing.Finish();
        return (new(signed.Size, signed.Sha256), signed, signing.FurtherDigest ?? Convert.FromHexString(signed.Sha256));
    }

    private PendingSignature Prepare(Layout image, SigningIdentity identity)
    {
        try
        {
            return PendingSignature.Prepare(image, identity, ExistingSignatures.Refuse, fit: false);
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
        byte[] value = ImaSigner.Sign(digest, _ima!, _context);
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
            _ => throw OperationErrors.BuiltUnverified.With(refused.Who, refused.Reason),
        };
    }

    private PolicyReport Judge(PolicyDocument policy, JudgedFile staged, BuildSigners signers)
    {
        PolicyReport report = PolicyCheck.Judge(policy, staged, signers.Roles.With(PolicyCheck.Trusted(policy, staged, _context)), _context);
        PolicyFinding? broken = report.Findings.FirstOrDefault(f => !f.Holds);
        return broken is null ? report : throw OperationErrors.BuiltAgainstPolicy.With(policy.Path, $"{broken.Rule}: {broken.Code}: {broken.Says}");
    }

    private ProvenanceStatement Statement(
        string staged, FileSource image, ZbootKit? kit, EmbeddedParser? parser, PolicyDocument? policy, ImmutableArray<BuildInput> outputs)
    {
        using FileSource source = FileSource.Open(staged);
        return new()
        {
            Subjects =
            [
                .. ProvenanceSubjects.Of(source.ToLayout(), Path.GetFileName(_options.Output!), outputs[0].Sha256, _context),
                .. outputs.Skip(1).Select(o => new ProvenanceSubject(Path.GetFileName(o.File), o.Sha256)),
            ],
            Materials =
            [
                new(Path.GetFileName(image.Path), Input(image).Sha256),
                .. kit is null ? (ReadOnlySpan<ProvenanceSubject>)[] : [new(Path.GetFileName(kit.Path), kit.Sha256)],
                .. parser is null ? (ReadOnlySpan<ProvenanceSubject>)[] : [new(Path.GetFileName(_options.Parser!), parser.Sha256)],
                .. policy is null ? (ReadOnlySpan<ProvenanceSubject>)[] : [new(Path.GetFileName(policy.Path), policy.Sha256)],
            ],
            Builder = _options.Builder ?? ProvenanceStatement.UnnamedBuilder,
            Compression = _options.Kit is null ? null : _options.Compression ?? "gzip",
            Level = _options.Level,
            Library = _options.Kit is null ? null : Recipe().Library,
            Xattr = _options.Xattr,
            Certificates = [.. Certificates()],
        };
    }

    private IEnumerable<BuildCertificate> Certificates()
    {
        foreach ((string role, SigningIdentity? identity) in ((string, SigningIdentity?)[])[("outer", _outer), ("inner", _inner), ("ima", _ima)])
        {
            if (identity is not null)
                yield return Describe(role, identity.Certificate);
        }
    }

    private static BuildCertificate Describe(string role, X509Certificate2 certificate) => new(
        role, certificate.Subject, certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(),
        Convert.ToHexStringLower(SubjectKeyIdentifier.Of(certificate)), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));

    private BuildInput Input(FileSource source) =>
        new(source.Path, source.Length, Convert.ToHexStringLower(LayoutPass.Hash(source.ToLayout(), HashAlgorithmName.SHA256, _context)));
}
