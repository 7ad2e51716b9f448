using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Operations;
using KexecSign.Reports;
using KexecSign.Running;
using KexecSign.Verification;

namespace KexecSign.Ima;

/// <summary>Options of <c>ima verify</c>.</summary>
public sealed record ImaVerifyOptions
{
    /// <summary>The files.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Certificates of the .ima keyring.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];
}

/// <summary>A file's verdict.</summary>
/// <param name="File">The file.</param>
/// <param name="Verdict">What IMA would do.</param>
public sealed record ImaFileVerdict(string File, Verdict Verdict);

/// <summary>Result of <c>ima verify</c>.</summary>
/// <param name="Files">One verdict a file.</param>
public sealed record ImaVerifyResult(ImmutableArray<ImaFileVerdict> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Files.All(f => f.Verdict.Answer == Answer.Accepts) ? ExitCode.Done : ExitCode.VerificationFailed;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Exit == ExitCode.Done ? $"IMA: {Files.Length} file(s) verified" : "IMA: NOT verified",
        [new("", ["file", "answer", "reason"],
            [.. Files.Select(f => ImmutableArray.Create(
                f.File, f.Verdict.Answer.ToString().ToLowerInvariant(), f.Verdict.Code is null ? f.Verdict.Reason : $"{f.Verdict.Code}: {f.Verdict.Reason}"))])],
        []);
}

/// <summary><c>ima verify</c>: checks sidecars and xattrs as IMA appraisal would.</summary>
internal static class ImaVerifyOperation
{
    public static Operation<ImaVerifyOptions, ImaVerifyResult> Definition { get; } = new()
    {
        Name = "ima verify",
        Summary = "Verify IMA signatures: FILE.sig, or the file's security.ima or user.ima.",
        Body = Run,
        TypedResult = () => ReportJson.Default.ImaVerifyResult,
        TypedArguments = [new("FILE", "The file, or several.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true)],
        TypedOptions = [new("cert", "CERT", "Certificate of the .ima keyring.", (o, v) => o with { Certificates = o.Certificates.Add(v) }, required: true, repeatable: true)],
        Examples = [new("kexecsign ima verify vmlinuz.efi --cert ima.pem", "Check vmlinuz.efi.sig, or the xattr when there is no sidecar.")],
    };

    private static ImaVerifyResult Run(ImaVerifyOptions options, RunContext context)
    {
        if (options.Files.IsEmpty)
            throw OperationErrors.OptionMissing.With("ima verify", "a FILE");
        if (options.Certificates.IsEmpty)
            throw OperationErrors.OptionMissing.With("ima verify", "--cert");
        ImmutableArray<X509Certificate2> trusted =
            [.. options.Certificates.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];
        return new([.. options.Files.Select(file => new ImaFileVerdict(file, Judge(file, trusted, context)))]);
    }

    private static Verdict Judge(string file, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        using FileSource source = FileSource.Open(file);
        return ImaCheck.Judge(file, source.ToLayout(), trusted, context);
    }
}
