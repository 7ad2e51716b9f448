using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>Where the signed policies of an image come from: a key that is here, or signatures that came back from one.</summary>
internal interface IPolicySource
{
    /// <summary>A prediction for the banks that are signed for.</summary>
    PcrPrediction Predict(int stubVersion, RunContext context);

    /// <summary>The .pcrsig section of a boot, and the values that it is for; no section when there is nothing for this boot.</summary>
    /// <param name="prediction">From <see cref="Predict"/>.</param>
    /// <param name="effective">What the boot sees.</param>
    /// <param name="profile">Number of its profile.</param>
    /// <param name="context">Run context.</param>
    (UkiPart? Section, ImmutableArray<PcrValue> Values) Section(
        PcrPrediction prediction, ImmutableArray<UkiPart> effective, int profile, RunContext context);

    /// <summary>Refuses what was asked for and has no place in the image.</summary>
    /// <param name="profiles">The profiles of the image; none for an image without.</param>
    void RequireAllUsed(ImmutableArray<ProfileFields> profiles);
}
