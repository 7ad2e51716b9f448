using System.Collections.Immutable;
using KexecSign.Core.Reports;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Signing;
using KexecSign.Uki;
using KexecSign.Zboot;

namespace KexecSign.Commands.Uki;

/// <summary>A section of a unified kernel image; offsets and sizes in bytes.</summary>
/// <param name="Name">Section name.</param>
/// <param name="Profile">Number of the profile it belongs to; null for the base and the stub.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">SizeOfRawData, padding included.</param>
/// <param name="VirtualSize">Size of the content, which is what the stub reads and measures.</param>
/// <param name="What">What it holds, and who reads it.</param>
public sealed record UkiSection(string Name, int? Profile, long Offset, long Size, long VirtualSize, string What)
{
    /// <summary>All sections of an image, in table order.</summary>
    internal static ImmutableArray<UkiSection> Of(PeImage image)
    {
        var sections = ImmutableArray.CreateBuilder<UkiSection>();
        int? profile = null;
        bool own = true;
        foreach (PeSection section in image.Sections)
        {
            if (section.Name == UkiSections.Profile)
                profile = (profile ?? -1) + 1;
            own &= !UkiSections.IsPayload(section.Name);
            string what = UkiSections.Find(section.Name)?.What ?? (own ? "the stub's own" : "known to no consumer");
            sections.Add(new(section.Name, profile, section.PointerToRawData, section.SizeOfRawData, section.VirtualSize, what));
        }
        return sections.ToImmutable();
    }

    /// <summary>A table for people.</summary>
    internal static ReportTable Table(ImmutableArray<UkiSection> sections) => new("sections", ["name", "offset", "size", "content", "what"],
        [.. sections.Select(s => ImmutableArray.Create(
            s.Profile is { } profile ? $"{s.Name} @{profile}" : s.Name, $"0x{s.Offset:x}", $"0x{s.Size:x}", $"0x{s.VirtualSize:x}",
                s.What))]);
}

/// <summary>The kernel that went into an image.</summary>
/// <param name="File">Where it came from.</param>
/// <param name="Size">Its length in the image.</param>
/// <param name="Sha256">SHA-256 of its bytes in the image.</param>
/// <param name="Version">Its version (uname -r), where it tells.</param>
/// <param name="Signature">The signature that was made; null when it was left as it was.</param>
public sealed record UkiKernelReport(string File, long Size, string Sha256, string? Version, InnerSignature? Signature);

/// <summary>Result of <c>uki build</c> and <c>uki update</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Architecture">Its machine.</param>
/// <param name="Stub">How the stub names itself.</param>
/// <param name="Kernel">The kernel that went in; null when it stayed what it was.</param>
/// <param name="Sections">All sections in table order.</param>
/// <param name="Signature">The signature of the whole; null for an unsigned image.</param>
/// <param name="Pcrs">The values of PCR 11 that policies were signed for.</param>
/// <param name="Notes">What was left out of the stub, dropped or replaced.</param>
public sealed record UkiResult(
    string File, long Size, string Sha256, string Architecture, string? Stub, UkiKernelReport? Kernel, ImmutableArray<UkiSection> Sections,
    SignedImage? Signature, ImmutableArray<PcrValue> Pcrs, ImmutableArray<string> Notes) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"wrote {File}",
        [
            ReportTable.Fields("",
                ("bytes", $"{Size}"),
                ("for", Stub is null ? Architecture : $"{Architecture}, {Stub}"),
                ("kernel", Kernel is null ? null : $"{Kernel.Version ?? "version unknown"}, {(Kernel.Signature is { } inner ? $"signed by {inner.Signer}" : "as given")}"),
                ("signed", Signature is null ? "no" : $"by {Signature.Signer}, {Signature.DigestAlgorithm} {Signature.ImageDigest}"),
                ("PCR 11", Pcrs.IsEmpty ? null : $"{Pcrs.Length} policies signed"),
                ("sha256", Sha256)),
            UkiSection.Table(Sections),
        ],
        Signature is null ? [.. Notes, "The image is unsigned: sign it last."] : Notes);

    /// <summary>Puts a result together from what was written.</summary>
    internal static UkiResult Of(
        string file, Files.WrittenFile written, Layout image, string? stub, UkiKernelReport? kernel, SignedImage? signature,
        ImmutableArray<PcrValue> values, ImmutableArray<string> notes)
    {
        PeImage headers = PeReader.Read(image);
        return new(file, written.Size, written.Sha256, PeConstants.MachineName(headers.Machine), stub, kernel, UkiSection.Of(headers),
            signature, values, notes);
    }
}
