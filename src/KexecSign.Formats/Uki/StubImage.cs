using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Uki;

/// <summary>
/// A stub as its maker left it, and what of it goes into an image. Bytes that no section covers are never loaded, so they are
/// left out: the symbol table of stubs linked by binutils, and the tail of systemd's arm64 stub up to version 252, whose
/// hand-written headers end before .dynsym, .sbat and .sdmagic. Those last two are found there and get headers of their own, so
/// that shim and tools see them at last.
/// </summary>
/// <param name="Image">Its headers.</param>
/// <param name="File">Its bytes.</param>
/// <param name="Own">The sections that go into an image as they are; .sbat is not among them, because it is merged.</param>
/// <param name="Sbat">Its SBAT rows; null when it has none.</param>
/// <param name="Magic">How it names itself, for instance <c>systemd-stub 252.39</c>; null when it does not.</param>
/// <param name="LostMagic">The same as a section that its headers did not name; null otherwise.</param>
/// <param name="Notes">What was left out or found, one sentence each.</param>
public sealed record StubImage(
    PeImage Image, Layout File, ImmutableArray<PeSection> Own, string? Sbat, string? Magic, UkiPart? LostMagic,
        ImmutableArray<string> Notes)
{
    // Symbol tables of stubs have some 10 KiB.
    private const int MaxTail = 1 << 20;
    private const int MaxSmall = 64 * 1024;
    private const string MagicBegin = "#### LoaderInfo: ", MagicEnd = " ####";

    private static readonly byte[] SbatBegin = "sbat,1,SBAT Version,"u8.ToArray();

    /// <summary>The systemd version by <see cref="Magic"/>; null when it does not say.</summary>
    public int? Version => VersionOf(Magic);

    /// <summary>Reads a stub.</summary>
    /// <exception cref="KexecSignException">KS1001-KS1007 when it is no PE image, KS1006, KS1016, KS1714.</exception>
    public static StubImage Read(Layout file)
    {
        PeImage image = PeReader.Read(file);
        if (!image.CanBeSigned)
            throw FormatErrors.NoCertificateDirectory.With(image.Directories.Length);
        foreach (PeSection section in image.Sections)
        {
            if (UkiSections.IsPayload(section.Name))
                throw FormatErrors.StubHasSection.With(section.Name, section.PointerToRawData);
            if (section.RawEnd > image.BodyLength)
                throw FormatErrors.SectionOutsideFile.With(section.Name, section.RawEnd, image.BodyLength);
        }
        var notes = ImmutableArray.CreateBuilder<string>();
        if (image.IsSigned)
            notes.Add($"the stub's own signature (0x{image.CertificateTable.Size:x} bytes) is left out; it covers the stub alone");
        string? sbat = TextOf(image, file, UkiSections.Sbat), magic = MagicIn(TextOf(image, file, UkiSections.Magic));
        UkiPart? lost = null;
        long symbols = PeCanonical.ContentEnd(image, file) - image.SectionsEnd;
        if (symbols > 0)
            notes.Add($"the stub's symbol table (0x{symbols:x} bytes at 0x{image.SectionsEnd:x}) is left out; it is never loaded");
        long start = image.SectionsEnd + symbols, tail = image.BodyLength - start;
        if (tail > 0)
        {
            byte[] bytes = file.ReadBytes(start, Math.Min(tail, MaxTail));
            notes.Add($"0x{tail:x} bytes behind the stub's last section at 0x{start:x} are left out; no section covers them, so they are "
                + $"never loaded");
            if (sbat is null && SbatIn(bytes) is { } found)
            {
                sbat = found;
                notes.Add("the stub's .sbat was among them, unseen by shim, and gets a header");
            }
            if (magic is null && MagicIn(Encoding.Latin1.GetString(bytes)) is { } name)
            {
                magic = name;
                lost = new(UkiSections.Magic, Layout.Of(Encoding.ASCII.GetBytes(MagicBegin + name + MagicEnd + "\0")));
            }
        }
        return new(image, file, [.. image.Sections.Where(s => s.Name != UkiSections.Sbat)], sbat, magic, lost, notes.ToImmutable());
    }

    /// <summary>How a stub inside an image names itself; null when it does not.</summary>
    public static string? MagicOf(PeImage image, Layout file) => MagicIn(TextOf(image, file, UkiSections.Magic));

    /// <summary>The systemd version in such a name: <c>systemd-stub 252.39-1</c> is 252.</summary>
    public static int? VersionOf(string? magic)
    {
        int blank = magic?.IndexOf(' ') ?? -1;
        if (blank < 0)
            return null;
        ReadOnlySpan<char> rest = magic.AsSpan(blank + 1);
        int digits = rest.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(digits < 0 ? rest : rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            ? version
            : null;
    }

    private static string? TextOf(PeImage image, Layout file, string name)
    {
        if (image.FindSection(name) is not { SizeOfRawData: > 0 and <= MaxSmall } section || section.RawEnd > image.BodyLength)
            return null;
        byte[] bytes = file.ReadBytes(section.PointerToRawData, section.SizeOfRawData);
        int end = bytes.AsSpan().IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static string? SbatIn(byte[] tail)
    {
        int start = tail.AsSpan().IndexOf(SbatBegin);
        if (start < 0)
            return null;
        int length = tail.AsSpan(start).IndexOf((byte)0);
        return length < 0 ? null : Encoding.UTF8.GetString(tail, start, length);
    }

    private static string? MagicIn(string? text)
    {
        int start = text?.IndexOf(MagicBegin, StringComparison.Ordinal) ?? -1;
        if (start < 0)
            return null;
        start += MagicBegin.Length;
        int end = text!.IndexOf(MagicEnd, start, StringComparison.Ordinal);
        return end < 0 || end - start > 100 || text.AsSpan(start, end - start).ContainsAnyExceptInRange(' ', '~') ? null : text[start..end];
    }
}
