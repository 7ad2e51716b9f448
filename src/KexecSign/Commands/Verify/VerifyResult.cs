using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Judging.Policies;

namespace KexecSign.Commands.Verify;

/// <summary>Result of <c>verify</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="TrustChecked">Whether certificates were given; without, only the signatures' arithmetic was checked.</param>
/// <param name="Verdicts">One for each consumer.</param>
public sealed record VerifyResult(string File, bool TrustChecked, ImmutableArray<Verdict> Verdicts) : OperationResult
{
    /// <summary>What came of the policy; null when none was given.</summary>
    public PolicyReport? Policy { get; init; }

    /// <inheritdoc/>
    public override ExitCode Exit =>
        Verdicts.Any(v => v.Answer == Answer.Refuses) || Policy?.Findings.Any(f => !f.Holds) == true || !Verdicts.Any(v => v.Answer == Answer.Accepts) ? ExitCode.VerificationFailed : ExitCode.Done;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Exit == ExitCode.Done ? $"{File}: verified" : $"{File}: NOT verified",
        [
            new("", ["as", "answer", "reason"],
                [.. Verdicts.Select(v => ImmutableArray.Create(
                    v.Consumer.ToString().ToLowerInvariant(), v.Answer.ToString().ToLowerInvariant(), v.Code is null ? v.Reason : $"{v.Code}: {v.Reason}"))]),
            .. Policy is null ? (ReadOnlySpan<ReportTable>)[] :
            [
                new($"policy {Policy.File}", ["rule", "holds", "found"],
                    [.. Policy.Findings.Select(f => ImmutableArray.Create(f.Rule, f.Holds ? "yes" : "NO", f.Code is null ? f.Says : $"{f.Code}: {f.Says}"))]),
            ],
        ],
        [
            .. Verdicts.SelectMany(v => v.Warnings.Select(w => $"{v.Consumer.ToString().ToLowerInvariant()}: {w}")).Distinct(),
            .. (Policy?.Findings ?? []).Where(f => !f.Holds).Select(f => $"{f.Code}: {f.Rule}: {f.Says}"),
            .. TrustChecked ? (ReadOnlySpan<string>)[] : ["No --cert was given: whom the signatures come from was not checked."],
        ]);
}
