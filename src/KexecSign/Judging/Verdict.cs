using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using System.Text.Json.Serialization;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Judging;

/// <summary>What a consumer would do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Answer>))]
public enum Answer
{
    /// <summary>It takes the file.</summary>
    Accepts,

    /// <summary>It refuses the file.</summary>
    Refuses,

    /// <summary>It would load the file without looking at any signature.</summary>
    DoesNotCheck,

    /// <summary>It cannot be told from what was given: nobody is trusted, or the answer rests on what is not in the file.</summary>
    NotDecided,
}

/// <summary>A consumer's verdict.</summary>
/// <param name="Consumer">Who.</param>
/// <param name="Answer">What it would do.</param>
/// <param name="Reason">Why, in one sentence with the numbers that count.</param>
/// <param name="Code">KS code of a refusal.</param>
public sealed record Verdict(Consumer Consumer, Answer Answer, string Reason, string? Code = null)
{
    /// <summary>SHA-256 of the file that was judged, lower-case hex.</summary>
    public string? Sha256 { get; init; }

    /// <summary>
    /// Of a verdict that is not decided because nobody is trusted: true when the signature holds by the certificate that it brings along.
    /// </summary>
    public bool? SignatureHolds { get; init; }

    /// <summary>True when the file is taken only once its sidecar was applied to it; null when it is taken as it is.</summary>
    public bool? OnceApplied { get; init; }

    /// <summary>The answer as people read it. Only "accepts" is a yes.</summary>
    [JsonIgnore]
    public string Says => Answer switch
    {
        Answer.Accepts => OnceApplied == true ? "accepts once applied" : "accepts",
        Answer.Refuses => "refuses",
        Answer.DoesNotCheck => "does not check",
        Answer.NotDecided => "not decided",
    };

    /// <summary>The consumer as people read it.</summary>
    [JsonIgnore]
    public string Who => ConsumerFacts.Of(Consumer).Word;

    /// <summary>Why, with the code in front when there is one.</summary>
    [JsonIgnore]
    public string Why => Code is null ? Reason : $"{Code}: {Reason}";

    /// <summary>What we would not accept ourselves, but this consumer does: beside the verdict, never in its place.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>Where the rules that were applied stand.</summary>
    public string Rule => ConsumerFacts.Of(Consumer).Rule;

    /// <summary>
    /// A refusal for the reason an error states. What is wrong with this machine is no verdict on a file, and goes on as the error it is.
    /// </summary>
    public static Verdict Refused(Consumer consumer, KexecSignException because)
    {
        if (!Failure.IsAnswer(because))
            ExceptionDispatchInfo.Throw(because);
        return new(consumer, Answer.Refuses, because.Says, because.Code.Id);
    }

    /// <summary>The same in a batch, where a file that cannot be judged does not end the run: it is not decided.</summary>
    public static Verdict Failed(Consumer consumer, KexecSignException because) =>
        new(consumer, Failure.IsAnswer(because) ? Answer.Refuses : Answer.NotDecided, because.Says, because.Code.Id);
}
