using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Provenance;
using KexecSign.Signing;

namespace KexecSign.Commands.Provenance;

/// <summary>Options of <c>provenance sign</c>.</summary>
public sealed record ProvenanceSignOptions
{
    /// <summary>Files that it is to speak of.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Who signs.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>URI of who built the files.</summary>
    public string? Builder { get; init; }

    /// <summary>Where the envelope goes.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>provenance sign</c>.</summary>
/// <param name="Envelope">The envelope.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Builder">Who built, as it says.</param>
/// <param name="Subjects">What it speaks of.</param>
public sealed record ProvenanceSignResult(string Envelope, string Sha256, string Signer, string Builder,
    ImmutableArray<ProvenanceSubject> Subjects) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Envelope}: signed by {Signer}",
        [new("", ["subject", "sha256"], [.. Subjects.Select(s => ImmutableArray.Create(s.Name, s.Sha256))])],
        []);
}

/// <summary><c>provenance sign</c>: says of any files who made them, for a release's packages and their checksums.</summary>
internal static class ProvenanceSignOperation
{
    public static Operation<ProvenanceSignOptions, ProvenanceSignResult> Definition { get; } = new()
    {
        Name = "provenance sign",
        Summary = "Sign provenance for any files, as 'build --provenance' does for an image.",
        Details = "Files are named without their folders. What an image is made of is said only by the provenance that 'build' writes.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o => [.. PlannedStep.Read([.. o.Files]), .. PlannedStep.Sign("the provenance", o.Signing.Key, o.Signing.Certificate),
            .. PlannedStep.Write(o.Output)],
        TypedResult = () => ProvenanceJson.Default.ProvenanceSignResult,
        MakeArguments = () => [new("FILE", "The files.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true)],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.All<ProvenanceSignOptions>("that signs the provenance", HashUses.General, o => o.Signing,
                (o, s) => o with { Signing = s }),
            new("builder", "URI", "Who built the files.", (o, v) => o with { Builder = v }, ProvenanceStatement.UnnamedBuilder),
            new("o", "FILE", "The envelope.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples = [new(
            "kexecsign provenance sign SHA256SUMS kexecsign_0.1.0_amd64.deb --key release.key --cert release.pem -o release.intoto.json",
            "Sign what a release consists of.")],
    };

    private static ProvenanceSignResult Run(ProvenanceSignOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("provenance sign", new NamedOption("o"));
        SigningIdentity signer = SigningIdentity.Open("provenance sign", options.Signing, context);
        string builder = options.Builder ?? ProvenanceStatement.UnnamedBuilder;
        ImmutableArray<ProvenanceSubject> subjects = [.. options.Files.Select(file => Subject(file, context))];
        var statement = new ProvenanceStatement
        {
            Kind = ProvenanceStatement.FilesType,
            Subjects = subjects,
            Materials = [],
            Builder = builder,
            Certificates = [],
        };
        WrittenFile written = WrittenFile.Write(Layout.Of(ProvenanceEnvelope.Sign(statement, signer, context)), path, [.. options.Files],
            context);
        return new(path, written.Sha256, signer.Certificate.Subject, builder, subjects);
    }

    private static ProvenanceSubject Subject(string path, RunContext context)
    {
        using FileSource source = FileSource.Open(path);
        return new(Path.GetFileName(path), Convert.ToHexStringLower(
            LayoutPass.Hash(source.ToLayout(), System.Security.Cryptography.HashAlgorithmName.SHA256, context)));
    }
}
