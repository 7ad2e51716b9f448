using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Keys.Pins;

namespace KexecSign.Commands.Agent;

/// <summary>Options of <c>audit verify</c>.</summary>
public sealed record AuditVerifyOptions
{
    /// <summary>The log.</summary>
    public string File { get; init; } = "";

    /// <summary>Certificates of those who may have signed it; empty for the chain alone.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];
}

/// <summary>Result of <c>audit verify</c>.</summary>
/// <param name="File">The log.</param>
/// <param name="Lines">How many lines it has.</param>
/// <param name="Head">SHA-256 of its last line, lower-case hex.</param>
/// <param name="Signer">Who signed the whole; null when that was not asked for.</param>
public sealed record AuditVerifyResult(string File, long Lines, string Head, string? Signer) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: the chain of {Lines} line(s) holds", [ReportTable.Fields("", ("last line", Head), ("signed by", Signer))],
        Signer is null ? ["Lines taken off its end are seen by FILE.p7s alone: give --cert."] : []);
}

/// <summary><c>audit verify</c>: whether an agent's log is as it was written.</summary>
internal static class AuditVerifyOperation
{
    public static Operation<AuditVerifyOptions, AuditVerifyResult> Definition { get; } = new()
    {
        Name = "audit verify",
        Summary = "Verify the audit log of an agent: the chain of its lines, and the signature over the whole.",
        Body = Run,
        TypedResult = () => AgentJson.Default.AuditVerifyResult,
        MakeArguments = () => [new("FILE", "The log.", (o, v) => o with { File = v })],
        MakeOptions = () => [new("cert", "CERT", "Certificate of who signed FILE.p7s.",
            (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true)],
        Examples = [new("kexecsign audit verify audit.jsonl --cert auditor.pem", "Is the log of a build complete and unchanged?")],
    };

    private static AuditVerifyResult Run(AuditVerifyOptions options, RunContext context)
    {
        (string head, long lines) = AuditLog.Verify(options.File);
        if (options.Certificates.IsEmpty)
            return new(options.File, lines, head, null);
        ImmutableArray<X509Certificate2> trusted =
            [.. options.Certificates.SelectMany(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation))];
        using FileSource log = FileSource.Open(options.File);
        try
        {
            var signature = new AppendedSignature(log.Length, WholeFile.Read(options.File + ".p7s", 1 << 20, "a signature"));
            return new(options.File, lines, head, ModuleCheck.Require(log.ToLayout(), signature, trusted, SilentLog.Instance,
                context.Cancellation).Signer.Subject);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File + ".p7s");
        }
    }
}
