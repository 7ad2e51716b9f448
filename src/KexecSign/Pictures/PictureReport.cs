using System.Collections.Immutable;
using KexecSign.Judging;
using KexecSign.Judging.Policies;

namespace KexecSign.Pictures;

/// <summary>Whether something is a yes, a no, or neither; colour and sign follow from it, and the words say the same.</summary>
internal enum PictureTone
{
    /// <summary>A yes.</summary>
    Good,

    /// <summary>A no.</summary>
    Bad,

    /// <summary>Neither.</summary>
    Open,

    /// <summary>Nothing was asked.</summary>
    None,
}

/// <summary>What a consumer says of an image.</summary>
/// <param name="Consumer">Who.</param>
/// <param name="Tone">Yes, no, or neither.</param>
/// <param name="Says">The answer.</param>
/// <param name="Why">The reason; empty for none.</param>
internal sealed record PictureAnswer(string Consumer, PictureTone Tone, string Says, string Why)
{
    /// <summary>A verdict.</summary>
    public static PictureAnswer Of(Verdict verdict) => new(verdict.Who, ToneOf(verdict.Answer), verdict.Says, verdict.Why);

    /// <summary>The tone of an answer. Only "accepts" is a yes.</summary>
    public static PictureTone ToneOf(Answer answer) => answer switch
    {
        Answer.Accepts => PictureTone.Good,
        Answer.Refuses => PictureTone.Bad,
        Answer.DoesNotCheck or Answer.NotDecided => PictureTone.Open,
        _ => throw new System.Diagnostics.UnreachableException($"{answer}"),
    };
}

/// <summary>A way of trust: whose key made which signature, and who looks at it.</summary>
/// <param name="Key">Subject of the certificate; what there is where nobody signed.</param>
/// <param name="Fingerprint">SHA-256 of the certificate; null where nobody signed.</param>
/// <param name="Signature">The signature, or what takes its place.</param>
/// <param name="Digest">What was signed; null where that is not known.</param>
/// <param name="Consumers">Who looks at it.</param>
internal sealed record TrustChain(string Key, string? Fingerprint, string Signature, string? Digest,
    ImmutableArray<PictureAnswer> Consumers);

/// <summary>A value with a name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The value.</param>
/// <param name="IsHash">Whether it is a digest, which one wants to copy.</param>
internal sealed record PictureFact(string Name, string Value, bool IsHash = false);

/// <summary>An image in a picture.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tone">Whether all is well with it.</param>
/// <param name="Status">What became of it, in a word.</param>
internal sealed record PictureImage(string Name, PictureTone Tone, string Status)
{
    /// <summary>More of that in a sentence; null for nothing.</summary>
    public string? Says { get; init; }

    /// <summary>What each consumer says.</summary>
    public ImmutableArray<PictureAnswer> Answers { get; init; } = [];

    /// <summary>The ways of trust.</summary>
    public ImmutableArray<TrustChain> Chains { get; init; } = [];

    /// <summary>Its map; null where nothing is known of its parts.</summary>
    public FileMap? Map { get; init; }

    /// <summary>Files, sizes and digests.</summary>
    public ImmutableArray<PictureFact> Facts { get; init; } = [];

    /// <summary>What came of the policy; null when there was none.</summary>
    public PolicyReport? Policy { get; init; }

    /// <summary>What it was made from and by what.</summary>
    public ImmutableArray<PictureFact> Provenance { get; init; } = [];
}

/// <summary>What a run found or did, as a page shows it.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Tone">Whether all is well.</param>
/// <param name="Outcome">How it ended, in a sentence.</param>
/// <param name="Images">The images.</param>
internal sealed record PictureReport(string Title, PictureTone Tone, string Outcome, ImmutableArray<PictureImage> Images)
{
    /// <summary>The ways of trust of all images together; empty where an image's own say all.</summary>
    public ImmutableArray<TrustChain> Chains { get; init; } = [];

    /// <summary>Values of the run as a whole.</summary>
    public ImmutableArray<PictureFact> Facts { get; init; } = [];

    /// <summary>The consumers of all images, in the order in which they meet them.</summary>
    public ImmutableArray<string> Consumers =>
    [
        .. Images.SelectMany(image => image.Answers.Select(answer => answer.Consumer)).Distinct(StringComparer.Ordinal)
            .OrderBy(name => Enum.TryParse(name, ignoreCase: true, out Consumer consumer) ? (int)consumer : int.MaxValue),
    ];
}
