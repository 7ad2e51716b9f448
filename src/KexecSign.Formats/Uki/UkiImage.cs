using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Uki;

/// <summary>
/// A unified kernel image, addon or profile as it was found: the stub's own sections, the base, and the profiles, each a group
/// that begins with its .profile section.
/// </summary>
/// <param name="Image">Its headers.</param>
/// <param name="File">Its bytes.</param>
/// <param name="Own">The stub's sections, without .sbat.</param>
/// <param name="Base">Sections in front of the first .profile, in table order; .sbat is here wherever it stands.</param>
/// <param name="Profiles">The profiles, from 0.</param>
public sealed record UkiImage(
    PeImage Image, Layout File, ImmutableArray<PeSection> Own, ImmutableArray<UkiPart> Base,
        ImmutableArray<ImmutableArray<UkiPart>> Profiles)
{
    // UNIFIED_PROFILES_MAX of systemd.
    private const int MaxProfiles = 256;

    /// <summary>Whether there is a kernel in it.</summary>
    public bool HasKernel => Base.Any(part => part.Name == UkiSections.Linux);

    /// <summary>Reads an image; one without .linux too.</summary>
    /// <exception cref="KexecSignException">KS1001-KS1007, KS1014, KS1016 when sections overlap or lie outside the file,
    /// KS1725.</exception>
    public static UkiImage Read(Layout file)
    {
        PeImage image = PeReader.Read(file);
        RequireApart(image);
        int first = 0;
        while (first < image.Sections.Length && !UkiSections.IsPayload(image.Sections[first].Name))
            first++;
        var parts = new List<List<UkiPart>> { new() };
        var own = ImmutableArray.CreateBuilder<PeSection>();
        for (int i = 0; i < image.Sections.Length; i++)
        {
            PeSection section = image.Sections[i];
            if (section.RawEnd > image.BodyLength)
                throw FormatErrors.SectionOutsideFile.With(section.Name, section.RawEnd, image.BodyLength);
            if (i < first && section.Name != UkiSections.Sbat)
            {
                own.Add(section);
                continue;
            }
            if (section.Name == UkiSections.Profile)
                parts.Add([]);
            parts[^1].Add(new(section.Name, ContentOf(section, file)));
        }
        if (parts.Count - 1 > MaxProfiles)
            throw FormatErrors.TooManyProfiles.With(parts.Count - 1, MaxProfiles);
        return new(image, file, own.ToImmutable(), [.. parts[0]], [.. parts.Skip(1).Select(p => p.ToImmutableArray())]);
    }

    /// <summary>Reads an image that must have a kernel.</summary>
    /// <exception cref="KexecSignException">KS1715 and those of <see cref="Read"/>.</exception>
    public static UkiImage ReadWithKernel(Layout file)
    {
        UkiImage uki = Read(file);
        return uki.HasKernel ? uki : throw FormatErrors.NotUki.With(string.Join(' ', uki.Image.Sections.Select(s => s.Name)));
    }

    /// <summary>
    /// The bytes of a section that its maker put in. VirtualSize is their number; where it is larger than the file content (as
    /// ukify 257.0 wrote it), memory has zeros behind them.
    /// </summary>
    public static Layout ContentOf(PeSection section, Layout file) =>
        file.Slice(section.PointerToRawData, section.VirtualSize == 0
            ? section.SizeOfRawData
            : Math.Min(section.VirtualSize, section.SizeOfRawData));

    /// <summary>What a boot with a profile sees: the profile's sections, then those of the base that it does not replace.</summary>
    /// <exception cref="KexecSignException">KS1723.</exception>
    public ImmutableArray<UkiPart> Effective(int profile) => Overlay(Base, Profiles, profile);

    /// <summary>The same for groups that are not an image yet.</summary>
    public static ImmutableArray<UkiPart> Overlay(ImmutableArray<UkiPart> basis, ImmutableArray<ImmutableArray<UkiPart>> profiles,
        int profile)
    {
        if (profile < 0 || (profiles.IsEmpty ? profile > 0 : profile >= profiles.Length))
            throw FormatErrors.NoSuchProfile.With(profile, profiles.Length == 0
                ? "none besides the base, 0"
                : $"0 to {profiles.Length - 1}");
        if (profiles.IsEmpty)
            return basis;
        ImmutableArray<UkiPart> chosen = profiles[profile];
        var names = chosen.Select(part => part.Name).ToHashSet(StringComparer.Ordinal);
        return [.. chosen, .. basis.Where(part => !names.Contains(part.Name))];
    }

    // Sections over the same bytes would have them read as often as there are sections.
    private static void RequireApart(PeImage image)
    {
        PeSection? previous = null;
        foreach (PeSection section in image.Sections.Where(s => s.SizeOfRawData != 0).OrderBy(s => s.PointerToRawData))
        {
            if (previous is not null && section.PointerToRawData < previous.RawEnd)
                throw FormatErrors.SectionsOverlap.With(section.Name, section.PointerToRawData, previous.RawEnd,
                    Math.Min(previous.RawEnd, section.RawEnd) - section.PointerToRawData);
            previous = section;
        }
    }
}
