using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>The frame that sections are put into: a stub, or an image that is changed.</summary>
/// <param name="Image">Its headers.</param>
/// <param name="File">Its bytes.</param>
/// <param name="Own">The sections of it that stay.</param>
/// <param name="Magic">How the stub names itself.</param>
internal sealed record UkiFrame(PeImage Image, Layout File, ImmutableArray<PeSection> Own, string? Magic);

/// <summary>A section as it must be found in what was written; offset and size in bytes, digest in lower-case hex.</summary>
/// <param name="Name">Section name.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Size of the content.</param>
/// <param name="Sha256">SHA-256 that it had when it was signed, measured or opened.</param>
internal sealed record ExpectedSection(string Name, long Offset, long Size, string Sha256)
{
    /// <summary>The kernel of an image.</summary>
    public static ExpectedSection Kernel(Layout image, string sha256) =>
        PeReader.Read(image).FindSection(UkiSections.Linux) is { } kernel
            ? new(kernel.Name, kernel.PointerToRawData, kernel.VirtualSize, sha256)
            : throw new ArgumentException("the image has no kernel", nameof(image));
}

/// <summary>Brings sections into order, adds the PCR signatures that depend on all others, and composes the image.</summary>
internal static class UkiAssembly
{
    /// <summary>EDK2 and the stub count in 32 bits, some of them signed.</summary>
    public const long MaxLoaded = int.MaxValue;

    /// <summary>Makes the image, unsigned.</summary>
    /// <param name="frame">The stub.</param>
    /// <param name="basis">Sections that all profiles share.</param>
    /// <param name="profiles">The profiles, each beginning with .profile.</param>
    /// <param name="policies">Where signed PCR policies come from; null for none.</param>
    /// <param name="stubVersion">systemd version of the stub as the user gave it; null for what the stub says.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS1701, KS171x, KS3678, KS3680, KS3682-KS3685, KS2xxx.</exception>
    /// <returns>The image, the values that were signed for, and the sections that were measured for them.</returns>
    public static (Layout Image, ImmutableArray<PcrValue> Values, ImmutableArray<ExpectedSection> Measured) Make(
        UkiFrame frame, ImmutableArray<UkiPart> basis, ImmutableArray<ImmutableArray<UkiPart>> profiles, IPolicySource? policies,
            int? stubVersion, RunContext context)
    {
        foreach (ImmutableArray<UkiPart> group in profiles.Add(basis))
            RequireSingle(frame, group);
        ImmutableArray<PcrValue> values = [];
        PcrPrediction? prediction = null;
        if (policies is not null)
        {
            int version = stubVersion ?? StubImage.VersionOf(frame.Magic) ?? throw OperationErrors.UkiStubVersion.With();
            if (PcrPrediction.NewerStub(version) is { } newer)
                context.Log.Warning(newer);
            prediction = policies.Predict(version, context);
            if (profiles.IsEmpty)
            {
                (UkiPart? section, values) = policies.Section(prediction, basis, 0, context);
                basis = section is null ? basis : basis.Add(section);
            }
            for (int i = 0; i < profiles.Length; i++)
            {
                (UkiPart? section, ImmutableArray<PcrValue> more) =
                    policies.Section(prediction, UkiImage.Overlay(basis, profiles, i), i, context);
                profiles = section is null ? profiles : profiles.SetItem(i, profiles[i].Add(section));
                values = values.AddRange(more);
            }
            policies.RequireAllUsed([.. profiles.Select(ProfileFields.Of)]);
        }
        ImmutableArray<UkiPart> parts = [.. Ordered(basis),
            .. profiles.SelectMany(group => group.Take(1).Concat(Ordered([.. group.Skip(1)])))];
        Layout image = UkiComposer.Compose(frame.Image, frame.File, frame.Own, parts);
        PeImage headers = PeReader.Read(image);
        PeCanonical.Require(headers, image);
        if (headers.SizeOfImage > MaxLoaded)
            context.Log.Warning(
                $"the image takes 0x{headers.SizeOfImage:x} bytes in memory; firmware was seen to fail above 0x{MaxLoaded:x}.");
        Dictionary<Layout, string> measured = prediction?.Measured.ToDictionary(m => m.Content, m => m.Sha256) ?? [];
        return (image, values,
        [
            .. parts.Zip(headers.Sections.Skip(frame.Own.Length)).Where(pair => measured.ContainsKey(pair.First.Content))
                .Select(pair => new ExpectedSection(pair.Second.Name, pair.Second.PointerToRawData, pair.Second.VirtualSize,
                    measured[pair.First.Content])),
        ]);
    }

    private static void RequireSingle(UkiFrame frame, ImmutableArray<UkiPart> group)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (UkiPart part in group)
        {
            if (frame.Own.Any(section => section.Name == part.Name))
                throw OperationErrors.UkiSectionTwice.With(part.Name, "the stub's own");
            if (!names.Add(part.Name) && UkiSections.Find(part.Name)?.Repeats != true)
                throw OperationErrors.UkiSectionTwice.With(part.Name, "given already");
        }
    }

    // The order of the specification. A .sdmagic that got a header here stands where stubs have it, in front.
    private static IEnumerable<UkiPart> Ordered(ImmutableArray<UkiPart> parts) =>
        parts.OrderBy(part => part.Name == UkiSections.Magic ? -1 : UkiSections.Position(part.Name));
}
