using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Rpm;
using KexecSign.Ima;
using KexecSign.Judging;

namespace KexecSign.Commands.Rpm;

/// <summary>Options of <c>rpm verify</c>.</summary>
public sealed record RpmVerifyOptions
{
    /// <summary>Packages, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Certificates of the .ima keyring.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];
}

/// <summary>Result of <c>rpm verify</c>.</summary>
/// <param name="Files">What was found of each package.</param>
public sealed record RpmVerifyResult(ImmutableArray<FileOutcome> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => FileOutcome.ExitOfVerification(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of($"verified {Files.Count(f => f.Status == FileStatus.Verified)} package(s)", Files);
}

/// <summary><c>rpm verify</c>: checks the IMA signatures that a package carries for its files.</summary>
internal static class RpmVerifyOperation
{
    public static Operation<RpmVerifyOptions, RpmVerifyResult> Definition { get; } = new()
    {
        Name = "rpm verify",
        Summary = "Verify the IMA signatures of files in RPM packages.",
        Details = "Each is checked against the digest that the package's header has of the file, and header and payload against the "
            + "digests that the package has of them, as 'rpm -K' does. A file with content and without a signature is refused: an "
            + "appraising kernel would refuse it, too.",
        Body = Run,
        TypedResult = () => RpmJson.Default.RpmVerifyResult,
        MakeArguments = () => [new("FILE", "The package, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of the .ima keyring.", (o, v) => o with { Certificates = o.Certificates.Add(v) },
                required: true, repeatable: true) { Trusts = [TrustRole.Ima] },
            BatchSelection.FilesFrom<RpmVerifyOptions>((o, v) => o with { FilesFrom = v }),
        ],
        Examples = [new("kexecsign rpm verify RPMS --cert ima.pem", "Check that every file of every package is signed.")],
    };

    private static RpmVerifyResult Run(RpmVerifyOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = RpmSelection.Of(options.Files, options.FilesFrom, "rpm verify");
        ImmutableArray<X509Certificate2> trusted = ImaSelection.Trusted(options.Certificates, "rpm verify", context);
        return new(Batch.Run(files, "verify", context, FileOutcome.Of, (file, _, step, answer) =>
        {
            using FileSource source = file.Open();
            var package = RpmPackage.Read(source.ToLayout());
            RpmIntegrity.Require(package, context);
            foreach (RpmFile packed in package.Files.Where(f => !f.Digest.IsEmpty))
                Require(packed, package, trusted);
            step.Advance(file.Length);
            answer(new(file.Path, FileStatus.Verified)
            { Note = $"{package.Files.Count(f => !f.Digest.IsEmpty)} file(s), {package.Hash.Name}" });
        }));
    }

    private static void Require(RpmFile file, RpmPackage package, ImmutableArray<X509Certificate2> trusted)
    {
        if (file.ImaSignature.IsEmpty)
            throw VerifyErrors.RpmFileUnsigned.With(file.Path);
        var signature = ImaSignature.Decode(file.ImaSignature);
        X509Certificate2 signer = ImaCheck.SignerOf(signature, trusted);
        if (signature.Hash != package.Hash || !ImaCheck.HoldsBy(signer, file.Digest.ToArray(), signature))
            throw VerifyErrors.RpmFileSignature.With(file.Path, $"{signature.KeyId:x8}", package.Hash.Name,
                Convert.ToHexStringLower(file.Digest.Span));
    }
}
