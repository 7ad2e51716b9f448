using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Documents;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Judging;
using KexecSign.Provenance;

namespace KexecSign.Commands.Provenance;

/// <summary>Options of <c>provenance verify</c>.</summary>
public sealed record ProvenanceVerifyOptions
{
    /// <summary>The envelope.</summary>
    public string Envelope { get; init; } = "";

    /// <summary>Certificates of those who may sign provenance.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary>Files that it must speak of.</summary>
    public ImmutableArray<string> Files { get; init; } = [];
}

/// <summary>A subject, and the file that it was compared with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="File">The file given that it was found to be, or to be a part of; null when none was.</param>
public sealed record CheckedSubject(string Name, string Sha256, string? File);

/// <summary>Result of <c>provenance verify</c>.</summary>
/// <param name="Envelope">The envelope.</param>
/// <param name="Signer">Subject of the certificate that it holds by.</param>
/// <param name="SignerSha256">SHA-256 fingerprint of that certificate.</param>
/// <param name="Builder">Who built, as the provenance says.</param>
/// <param name="Subjects">What it speaks of.</param>
public sealed record ProvenanceVerifyResult(string Envelope, string Signer, string SignerSha256, string Builder,
    ImmutableArray<CheckedSubject> Subjects) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Envelope}: verified, signed by {Signer}, built by {Builder}",
        [new("", ["subject", "sha256", "compared with"],
            [.. Subjects.Select(s => ImmutableArray.Create(s.Name, s.Sha256, s.File ?? "-"))])],
        Subjects.Any(s => s.File is not null) ? [] : ["No --file was given: only the signature was checked."]);
}

/// <summary><c>provenance verify</c>: the envelope's signature, and that it speaks of the files at hand.</summary>
internal static class ProvenanceVerifyOperation
{
    public static Operation<ProvenanceVerifyOptions, ProvenanceVerifyResult> Definition { get; } = new()
    {
        Name = "provenance verify",
        Summary = "Verify provenance that 'build --provenance' wrote, and that it is of the files given.",
        Details = "Each file must be a subject by its SHA-256, under whatever name; of an image, its Authenticode digest, the Image "
            + "inside, the payload and the parser are computed again and compared with the subjects of its parts.",
        Body = Run,
        TypedResult = () => ProvenanceJson.Default.ProvenanceVerifyResult,
        MakeArguments = () => [new("PROVENANCE", "The envelope.", (o, v) => o with { Envelope = v })],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of a key that may sign provenance.",
                (o, v) => o with { Certificates = o.Certificates.Add(v) }, required: true, repeatable: true),
            new("file", "FILE", "A file that it must speak of.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true),
        ],
        Examples = [new("kexecsign provenance verify vmlinuz.efi.intoto.json --cert db.pem --file vmlinuz.efi --file vmlinuz.efi.sig",
            "Were these made by whom we trust, from what it says?")],
    };

    private static ProvenanceVerifyResult Run(ProvenanceVerifyOptions options, RunContext context)
    {
        PlacedDocument document = PlacedDocument.Read(options.Envelope, "provenance");
        ImmutableArray<X509Certificate2> trusted = TrustedCertificates.Open(options.Certificates, context);
        try
        {
            (byte[] payload, X509Certificate2 signer) = ProvenanceEnvelope.Open(document.Root, trusted);
            (string builder, ImmutableArray<ProvenanceSubject> subjects) = ProvenanceStatement.Read(payload);
            var files = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string file in options.Files)
                Compare(file, subjects, files, context);
            return new(
                options.Envelope, signer.Subject, signer.GetCertHashString(
                    System.Security.Cryptography.HashAlgorithmName.SHA256).ToLowerInvariant(), builder,
                [.. subjects.Select(s => new CheckedSubject(s.Name, s.Sha256, files.GetValueOrDefault(s.Name)))]);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Envelope);
        }
    }

    private static void Compare(string path, ImmutableArray<ProvenanceSubject> subjects, Dictionary<string, string> files,
        RunContext context)
    {
        using FileSource source = FileSource.Open(path);
        Layout file = source.ToLayout();
        ImmutableArray<ProvenanceSubject> found = Parts(file, path, context);
        ProvenanceSubject whole = subjects.FirstOrDefault(s => s.Sha256 == found[0].Sha256
            && !s.Name.Contains('#', StringComparison.Ordinal))
            ?? throw VerifyErrors.ProvenanceOtherFile.With(subjects.Length, found[0].Sha256, path);
        files[whole.Name] = path;
        foreach (ProvenanceSubject part in subjects.Where(s => s.Name.StartsWith(whole.Name + "#", StringComparison.Ordinal)))
        {
            string? sha256 = found.FirstOrDefault(f => f.Name == part.Name[whole.Name.Length..])?.Sha256;
            if (sha256 != part.Sha256)
                throw VerifyErrors.ProvenanceOtherPart.With(part.Name, part.Sha256, sha256 ?? "none");
            files[part.Name] = path;
        }
    }

    private static ImmutableArray<ProvenanceSubject> Parts(Layout file, string path, RunContext context)
    {
        try
        {
            return ProvenanceSubjects.Of(file, "", context);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }
}
