using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Bpf;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Ima;
using KexecSign.Keys.Certificates;
using KexecSign.Reports;
using KexecSign.Running;
using KexecSign.Signing;
using KexecSign.Verification;
using KexecSign.Zboot;

namespace KexecSign.Building;

/// <summary>
/// One run of the line: inner sign, compress, link, embed, outer sign, IMA, verify, and only then into place. Keys are opened
/// first, so that a wrong PIN is found before minutes of compression.
/// </summary>
internal sealed class BuildLine
{
    private readonly BuildOptions _options;
    private readonly RunContext _context;
    private readonly SigningIdentity? _outer, _inner, _ima;

    public BuildLine(BuildOptions options, RunContext context)
    {
        _options = options;
        _context = context;
        _outer = Open(options.Outer);
        _inner = Open(options.Inner);
        _ima = Open(options.Ima);
    }

    /// <summary>Runs the line.</summary>
    public BuildResult Run()
    {
        string output = _options.Output!;
        using var files = new StagedFiles([_options.Image!, _options.Kit!, .. _options.Parser is null ? (string[])[] : [_options.Parser]]);
        string staged = files.Add(output);
        string? signedImage = Stage(files, _options.SignedImage), tarFile = Stage(files, _options.Tar), report = Stage(files, _options.Report);
        string? sidecar = Stage(files, _ima is null ? null : output + ".sig");
        using FileSource imageSource = FileSource.Open(_options.Image!);
        KernelImage kernel = KernelOf(imageSource);
        ZbootKit kit = ZbootKit.Open(_options.Kit!);

        using InnerImage? inner = _inner is null ? null : InnerImage.Sign(imageSource.ToLayout(), _inner, ExistingSignatures.Refuse, _context);
        using ZbootAssembly zboot = ZbootAssembly.Make(kit, inner?.Image ?? imageSource.ToLayout(), Recipe(), _context);
        Layout image = zboot.Image;
        EmbeddedParser? parser = null;
        if (_options.Parser is not null)
            (image, parser) = BpfEmbedOperation.Embed(image, _options.Parser, _context);

        SignedImage? outer = null;
        string sha256;
        if (_outer is null)
            sha256 = WrittenFile.Write(image, staged, [], _context).Sha256;
        else
            sha256 = (outer = Sign(image, _outer, staged)).Sha256;

        if (signedImage is not null)
            WrittenFile.Write(inner!.Image, signedImage, [], _context);
        ImaSigned? ima = _ima is null ? null : SignForIma(staged, sha256);
        if (ima is not null)
            WrittenFile.Write(Layout.Of(Convert.FromHexString(ima.Value)), sidecar!, [], _context);
        BuildInput? tar = tarFile is null ? null : WriteTar(tarFile, staged, ima!);
        ImmutableArray<Verdict> verdicts = Verify(staged, parser is not null);

        BuildResult result = new()
        {
            Tool = "KexecSign " + ToolVersion.Number,
            File = output,
            Image = Input(imageSource),
            Kit = new(kit.Path, new FileInfo(kit.Path).Length, kit.Sha256),
            ImageSize = checked((long)kernel.ImageSize),
            Inner = inner?.Signature,
            SignedImage = inner is null ? null : _options.SignedImage,
            Zboot = new(
                zboot.Header.CompressionName, zboot.Level, zboot.Header.PayloadOffset, zboot.Header.PayloadSize,
                zboot.PayloadSha256, zboot.ImageLength, zboot.CodeSize),
            Parser = parser,
            Outer = outer is null ? null : outer with { File = output },
            Ima = ima is null ? null : ima with { File = output, Sidecar = output + ".sig" },
            Tar = tar,
            Certificates = [.. Certificates()],
            Verdicts = verdicts,
        };
        if (report is not null)
            WrittenFile.Write(Layout.Of(ReportDocument.Of(result, ReportJson.Default.BuildResult)), report, [], _context);
        _context.Cancellation.ThrowIfCancellationRequested();
        files.Place();
        return result;
    }

    private static string? Stage(StagedFiles files, string? path) => path is null ? null : files.Add(path);

    private SigningIdentity? Open(SigningOptions options) =>
        options.Key is null ? null : SigningIdentity.Open("build", options, _context);

    private static KernelImage KernelOf(FileSource source)
    {
        try
        {
            return KernelImage.Read(source.ToLayout());
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw refused.In(source.Path);
        }
    }

    private ZbootRecipe Recipe() => new(ZbootOptionSpecs.Compression(_options.Compression ?? "gzip"), _options.Level);

    private SignedImage Sign(Layout image, SigningIdentity identity, string path)
    {
        PendingSignature pending = PendingSignature.Prepare(image, identity, ExistingSignatures.Refuse, fit: false);
        using ImageSigning signing = ImageSigning.Begin(pending, identity, OutputFile.Create(path), _context);
        signing.Sign(_context);
        return signing.Finish();
    }

    // With a sidecar beside the staged file, where the verification looks for it.
    private ImaSigned SignForIma(string staged, string sha256)
    {
        // The pass that wrote the image computed its SHA-256; only another algorithm needs a second one.
        byte[] digest = _ima!.Hash == HashAlgorithmName.SHA256 ? Convert.FromHexString(sha256) : HashOf(staged, _ima.Hash);
        byte[] value = ImaSignOperation.Sign(digest, _ima, _context);
        return ImaSignOperation.Place(staged, digest, value, new ImaSignOptions { Sidecar = true, Xattr = _options.Xattr }, _context);
    }

    private BuildInput WriteTar(string path, string staged, ImaSigned ima)
    {
        string sha256 = ImaSignOperation.WriteTar(
            path, [(staged, Convert.FromHexString(ima.Digest), Convert.FromHexString(ima.Value))], _ima!.Hash, _context);
        return new(_options.Tar!, new FileInfo(path).Length, sha256);
    }

    private ImmutableArray<Verdict> Verify(string staged, bool hasParser)
    {
        var consumers = ImmutableArray.CreateBuilder<Consumer>();
        if (_outer is not null)
            consumers.AddRange(Consumer.Firmware, Consumer.Shim);
        if (_inner is not null)
            consumers.Add(Consumer.Kexec);
        if (_ima is not null)
            consumers.Add(Consumer.Ima);
        if (hasParser)
            consumers.Add(Consumer.Bpf);
        if (consumers.Count == 0)
            return [];
        var verdicts = VerifyOperation.Judge(
            new VerifyOptions { File = staged, Consumers = consumers.ToImmutable() },
            consumer => consumer switch
            {
                Consumer.Kexec => [_inner!.Certificate],
                Consumer.Ima => [_ima!.Certificate],
                _ => [_outer!.Certificate],
            },
            VerifyLists.None, _context);
        Verdict? refused = verdicts.FirstOrDefault(v => v.Answer != Answer.Accepts);
        return refused is null ? verdicts : throw OperationErrors.BuiltUnverified.With(refused.Consumer.ToString().ToLowerInvariant(), refused.Reason);
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

    private byte[] HashOf(string path, HashAlgorithmName algorithm)
    {
        using FileSource source = FileSource.Open(path);
        return LayoutPass.Hash(source.ToLayout(), algorithm, _context);
    }
}
