using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Signatures;

/// <summary>Options of <c>signatures list</c>.</summary>
public sealed record SignaturesListOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>Certificates of whom it is said which signatures lead to them.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary>A detached PKCS#7 that is listed in the place of the image's own; null for those.</summary>
    public string? Signature { get; init; }
}

/// <summary>Result of <c>signatures list</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="Signatures">Its signatures in table order.</param>
public sealed record SignaturesListResult(string File, ImmutableArray<ListedSignature> Signatures) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Signatures.Length} signature(s)",
        [.. Signatures.Select(Table)],
        [.. Signatures.Where(s => s.Problem is not null).Select(s => s.Problem!)]);

    private static ReportTable Table(ListedSignature s) => ReportTable.Fields(
        $"signature {s.Index}",
        ("read by", string.Join(", ", s.ReadBy)),
        ("entry", $"0x{s.Size:x} bytes at 0x{s.Offset:x}"),
        ("digest", s.Digest is null ? null : $"{s.DigestAlgorithm} {s.Digest}"),
        ("digest matches", YesNo(s.DigestMatches)),
        ("signature holds", YesNo(s.SignatureHolds)),
        ("signer", s.Digest is null ? null : s.Signer?.Subject ?? "not included"),
        ("issuer", s.Signer?.Issuer),
        ("leads to", s.LeadsTo),
        ("serial", s.Signer?.Serial),
        ("sha256", s.Signer?.Sha256),
        ("valid", s.Signer is { } signer ? $"{signer.NotBefore:yyyy-MM-dd} to {signer.NotAfter:yyyy-MM-dd}" : null),
        ("chain", s.Chain.IsEmpty ? null : string.Join("; ", s.Chain.Select(c => c.Subject))),
        ("signing time", s.SigningTime is { } time ? $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : null),
        ("timestamps", s.Timestamps.IsEmpty ? null : string.Join(", ", s.Timestamps.Select(t => $"{t.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z"))));

    private static string? YesNo(bool? value) => value switch { null => null, true => "yes", false => "NO" };
}

/// <summary><c>signatures list</c>: every signature, nested ones included.</summary>
internal static class SignaturesListOperation
{
    public static Operation<SignaturesListOptions, SignaturesListResult> Definition { get; } = new()
    {
        Name = "signatures list",
        Summary = "List the signatures of an image and who will look at each.",
        Details = "The kernel reads only the first entry of the certificate table, and so does some firmware. Signatures nested in another "
            + "one are read by Windows only. Says nothing of what a consumer would do; 'verify' does.",
        Body = Run,
        TypedResult = () => SignaturesJson.Default.SignaturesListResult,
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Say which signatures hold and lead to this certificate, whatever consumers ask besides.",
                (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true),
            new("signature", "FILE", "List this detached PKCS#7 (DER or PEM) in the place of those that the image carries.",
                (o, v) => o with { Signature = v }),
        ],
        Examples = [new("kexecsign signatures list vmlinuz.efi", "Show signers, issuers, digests and dates of every signature.")],
    };

    private static SignaturesListResult Run(SignaturesListOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        try
        {
            ImmutableArray<X509Certificate2> trusted =
                [.. options.Certificates.SelectMany(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation))];
            Layout file = options.Signature is null ? source.ToLayout() : SignatureFile.Attached(source.ToLayout(), options.Signature);
            return new(options.File, SignatureListing.Of(PeReader.Read(file), file, trusted, context));
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }
}
