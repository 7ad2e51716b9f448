using System.Collections.Immutable;
using KexecSign.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Running;

namespace KexecSign.Uki;

/// <summary>The frame that sections are put into: a stub, or an image that is changed.</summary>
/// <param name="Image">Its headers.</param>
/// <param name="File">Its bytes.</param>
/// <param name="Own">The sections of it that stay.</param>
/// <param name="Magic">How the stub names itself.</param>
internal sealed record UkiFrame(PeImage Image, Layout File, ImmutableArray<PeSection> Own, string? Magic);

/// <summary>Brings sections into order, adds the PCR signatures that depend on all others, and composes the image.</summary>
internal static class UkiAssembly
{
    /// <summary>EDK2 and the stub count in 32 bits, some of them signed.</summary>
    public const long MaxLoaded = int.MaxValue;

    /// <summary>Makes the image, unsigned.</summary>
    /// <param name="frame">The stub.</param>
    /// <param name="basis">Sections that all profiles share.</param>
    /// <param name="profiles">The profiles, each beginning with .profile.</param>
    /// <param name="signer">Who signs PCR policies; null for none.</param>
    /// <param name="stubVersion">systemd version of the stub as the user gave it; null for what the stub says.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS1701, KS171x, KS3678, KS2xxx.</exception>
    public static (Layout Image, ImmutableArray<PcrValue> Values) Make(
        UkiFrame frame, ImmutableArray<UkiPart> basis, ImmutableArray<ImmutableArray<UkiPart>> profiles, PcrSigner? signer, int? stubVersion, RunContext context)
    {
        ImmutableArray<PcrValue> values = [];
        if (signer is not null)
        {
            PcrPrediction prediction = signer.Predict(stubVersion ?? StubImage.VersionOf(frame.Magic) ?? throw OperationErrors.UkiStubVersion.With(), context);
            if (profiles.IsEmpty)
            {
                (UkiPart section, values) = signer.Sign(prediction, basis, 0, context);
                basis = basis.Add(section);
            }
            for (int i = 0; i < profiles.Length; i++)
            {
                (UkiPart section, ImmutableArray<PcrValue> more) = signer.Sign(prediction, UkiImage.Overlay(basis, profiles, i), i, context);
                profiles = profiles.SetItem(i, profiles[i].Add(section));
                values = values.AddRange(more);
            }
        }
        ImmutableArray<UkiPart> parts = [.. Ordered(basis), .. profiles.SelectMany(group => group.Take(1).Concat(Ordered([.. group.Skip(1)])))];
        Layout image = UkiComposer.Compose(frame.Image, frame.File, frame.Own, parts);
        PeImage headers = PeReader.Read(image);
        PeCanonical.Require(headers, image);
        if (headers.SizeOfImage > MaxLoaded)
            context.Log.Warning($"the image takes 0x{headers.SizeOfImage:x} bytes in memory; firmware was seen to fail above 0x{MaxLoaded:x}.");
        return (image, values);
    }

    // The order of the specification. A .sdmagic that got a header here stands where stubs have it, in front.
    private static IEnumerable<UkiPart> Ordered(ImmutableArray<UkiPart> parts) =>
        parts.OrderBy(part => part.Name == UkiSections.Magic ? -1 : UkiSections.Position(part.Name));
}
