using System.Collections.Immutable;
using System.Text;

namespace KexecSign.Formats.Uki;

/// <summary>
/// What systemd-stub measures into PCR 11: for each section that it knows and that is there, in an order of its own, the name with
/// its closing NUL, then the content (systemd src/fundamental/uki.h and src/boot/stub.c).
/// </summary>
public static class Pcr11
{
    /// <summary>The register.</summary>
    public const int Index = 11;

    /// <summary>The newest systemd-stub whose measurements are known here.</summary>
    public const int NewestStub = 262;

    /// <summary>The sections that are measured, in the order of measuring.</summary>
    /// <param name="effective">What a boot sees, <see cref="UkiImage.Effective"/>.</param>
    /// <param name="stubVersion">systemd version of the stub; older ones measure fewer sections.</param>
    public static ImmutableArray<UkiPart> Measured(ImmutableArray<UkiPart> effective, int stubVersion)
    {
        var parts = ImmutableArray.CreateBuilder<UkiPart>();
        foreach (string name in UkiSections.MeasurementOrder)
        {
            // Which of several device trees or firmware blobs is taken, and then measured, depends on the machine.
            if (UkiSections.Find(name) is { MeasuredSince: { } since } kind && since <= stubVersion
                && (!kind.Repeats || name == UkiSections.Profile)
                && effective.FirstOrDefault(part => part.Name == name) is { } part)
                parts.Add(part);
        }
        return parts.ToImmutable();
    }

    /// <summary>The register when the kernel starts.</summary>
    /// <param name="bank">The bank.</param>
    /// <param name="measured">Names of the measured sections with the digest of each content in that bank.</param>
    public static byte[] Base(PcrBank bank, IEnumerable<(string Name, byte[] Digest)> measured)
    {
        byte[] value = bank.Zero;
        foreach ((string name, byte[] digest) in measured)
            value = bank.Extend(bank.Extend(value, bank.Of([.. Encoding.ASCII.GetBytes(name), 0])), digest);
        return value;
    }

    /// <summary>The register at the end of a phase path.</summary>
    public static byte[] At(PcrBank bank, byte[] start, string phasePath) =>
        BootPhases.Words(phasePath).Aggregate(start, (value, word) => bank.Extend(value, bank.Of(Encoding.ASCII.GetBytes(word))));
}
