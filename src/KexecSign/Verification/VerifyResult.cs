using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Formats.Errors;
using KexecSign.Reports;

namespace KexecSign.Verification;

/// <summary>What a consumer would do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Answer>))]
public enum Answer
{
    /// <summary>It takes the file.</summary>
    Accepts,

    /// <summary>It refuses the file.</summary>
    Refuses,

    /// <summary>Something is there for it, but no certificate was given to judge it by.</summary>
    NotChecked,
}

/// <summary>A consumer's verdict.</summary>
/// <param name="Consumer">Who.</param>
/// <param name="Answer">What it would do.</param>
/// <param name="Reason">Why, in one sentence with the numbers that count.</param>
/// <param name="Code">KS code of a refusal.</param>
public sealed record Verdict(Consumer Consumer, Answer Answer, string Reason, string? Code = null)
{
    /// <summary>A refusal for the reason an error states.</summary>
    public static Verdict Refused(Consumer consumer, KexecSignException because) => new(consumer, Answer.Refuses, because.Says, because.Code.Id);
}

/// <summary>Result of <c>verify</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="TrustChecked">Whether certificates were given; without, only the signatures' arithmetic was checked.</param>
/// <param name="Verdicts">One for each consumer.</param>
public sealed record VerifyResult(string File, bool TrustChecked, ImmutableArray<Verdict> Verdicts) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit =>
        Verdicts.Any(v => v.Answer == Answer.Refuses) || !Verdicts.Any(v => v.Answer == Answer.Accepts) ? ExitCode.VerificationFailed : ExitCode.Done;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Exit == ExitCode.Done ? $"{File}: verified" : $"{File}: NOT verified",
        [new("", ["as", "answer", "reason"],
            [.. Verdicts.Select(v => ImmutableArray.Create(
                v.Consumer.ToString().ToLowerInvariant(), v.Answer.ToString().ToLowerInvariant(), v.Code is null ? v.Reason : $"{v.Code}: {v.Reason}"))])],
        TrustChecked ? [] : ["No --cert was given: whom the signatures come from was not checked."]);
}
