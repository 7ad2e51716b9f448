using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Judging;
using KexecSign.Judging.Policies;

namespace KexecSign.Commands.Verify;

/// <summary>Result of <c>verify</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="TrustChecked">Whether somebody was trusted for each consumer; without, only the signatures' arithmetic was checked.</param>
/// <param name="Verdicts">One for each consumer.</param>
public sealed record VerifyResult(string File, bool TrustChecked, ImmutableArray<Verdict> Verdicts) : OperationResult
{
    /// <summary>SHA-256 of the bytes that all verdicts and rules are about, lower-case hex; empty where nobody reads
    /// it (<see cref="AnswerUse"/>).</summary>
    public required string Sha256 { get; init; }

    /// <summary>The version of Linux that the kernel in the file says it is (uname -r); null where none is found.</summary>
    public string? LinuxVersion { get; init; }

    /// <summary>Whether only the arithmetic was asked for.</summary>
    public bool OnlyArithmetic { get; init; }

    /// <summary>The roles that certificates given without one were taken for.</summary>
    public ImmutableArray<string> CertificatesCountedAs { get; init; } = [];

    /// <summary>What came of the policy; null when none was given.</summary>
    public PolicyReport? Policy { get; init; }

    /// <inheritdoc/>
    public override ExitCode Exit => IsYes ? ExitCode.Done : ExitCode.VerificationFailed;

    [JsonIgnore]
    private bool IsYes => !Verdicts.IsEmpty && Verdicts.All(IsGood) && Policy?.Findings.Any(f => !f.Holds) != true;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Title(),
        [
            new("", ["as", "answer", "reason"], [.. Verdicts.Select(v => ImmutableArray.Create(v.Who, v.Says, v.Why))]),
            .. Policy is null ? (ReadOnlySpan<ReportTable>)[] :
            [
                new($"policy {Policy.File}", ["rule", "holds", "found"],
                    [.. Policy.Findings.Select(f => ImmutableArray.Create(f.Rule, f.Holds ? "yes"
                        : "NO", f.Code is null ? f.Says
                        : $"{f.Code}: {f.Says}"))]),
            ],
            ReportTable.Fields("", ("judged", Sha256.Length == 0 ? null : $"sha256 {Sha256}"), ("Linux version", LinuxVersion)),
        ],
        [
            .. Verdicts.SelectMany(v => v.Warnings.Select(w => $"{v.Who}: {w}")).Distinct(),
            .. (Policy?.Findings ?? []).Where(f => !f.Holds).Select(f => $"{f.Code}: {f.Rule}: {f.Says}"),
            .. CertificatesCountedAs.IsEmpty
                ? (ReadOnlySpan<string>)[]
                : [$"The certificates without a role counted as: {string.Join(", ", CertificatesCountedAs)}."],
            .. !OnlyArithmetic && Verdicts.Any(v => v.SignatureHolds == true)
                ? ["Nobody is trusted: say whose signatures they should be (--db, --kexec-cert, --ima-cert), or ask for the arithmetic "
                    + "alone with --no-trust."]
                : (ReadOnlySpan<string>)[],
        ]);

    private bool IsGood(Verdict verdict) => verdict.Answer == Answer.Accepts || (OnlyArithmetic && verdict.SignatureHolds == true);

    private string Title()
    {
        if (!IsYes)
        {
            string open = string.Join(", ", Verdicts.Where(v => !IsGood(v)
                && v.Answer != Answer.Refuses).Select(v => $"{v.Who}: {v.Says}"));
            return $"{File}: NOT verified{(open.Length == 0 ? "" : $" ({open})")}";
        }
        if (OnlyArithmetic)
            return $"{File}: the signatures hold; whose they are was NOT checked (--no-trust)";
        return $"{File}: verified{(Verdicts.Any(v => v.OnceApplied == true) ? "; by IMA once the sidecar is applied" : "")}";
    }
}
