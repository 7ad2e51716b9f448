using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Inspection;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>Options of <c>uki inspect</c>.</summary>
public sealed record UkiInspectOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";
}

/// <summary>A section as it was found; offsets and sizes in bytes.</summary>
/// <param name="Name">Section name.</param>
/// <param name="Profile">Number of the profile it belongs to; null for the base and the stub.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">SizeOfRawData, padding included.</param>
/// <param name="VirtualSize">Size in memory; of a section that consumers read, the size of its content.</param>
/// <param name="Sha256">SHA-256 of the content without padding, lower-case hex.</param>
/// <param name="What">What it holds, and who reads it.</param>
/// <param name="Content">What was found in it; null where nothing is to be said.</param>
public sealed record InspectedUkiSection(
    string Name, int? Profile, long Offset, long Size, long VirtualSize, string Sha256, string What, string? Content);

/// <summary>A profile of an image, which a boot chooses by its number.</summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Id">ID= in its .profile section.</param>
/// <param name="Title">TITLE= there; boot menus show it.</param>
/// <param name="CommandLine">The kernel's command line in this profile.</param>
/// <param name="Own">Its own sections, which stand in for those of the base.</param>
/// <param name="Policies">How many signed policies of PCR 11 a boot of it finds.</param>
public sealed record InspectedProfile(int Number, string? Id, string? Title, string? CommandLine, ImmutableArray<string> Own, int Policies);

/// <summary>Result of <c>uki inspect</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="Kind">Unified kernel image, addon or profile.</param>
/// <param name="Stub">How the stub names itself.</param>
/// <param name="Sections">All sections in table order.</param>
/// <param name="Profiles">The profiles; empty for an image without.</param>
/// <param name="Image">The whole as an EFI image: signatures and digests, and in it the kernel of .linux.</param>
/// <param name="Findings">What a consumer would ignore, refuse or read differently, as error lines.</param>
public sealed record UkiInspectResult(
    string File, string Kind, string? Stub, ImmutableArray<InspectedUkiSection> Sections, ImmutableArray<InspectedProfile> Profiles,
    InspectResult Image,
    ImmutableArray<string> Findings) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View()
    {
        ReportView image = Image.View();
        ReportTable sections = new("sections", ["name", "offset", "size", "content", "sha256", "what", "found"],
            [.. Sections.Select(s => ImmutableArray.Create(
                s.Profile is { } profile ? $"{s.Name} @{profile}" : s.Name, $"0x{s.Offset:x}", $"0x{s.Size:x}", $"0x{s.VirtualSize:x}",
                    s.Sha256[..16], s.What, s.Content ?? ""))]);
        return new(
            $"{File}: {Kind}{(Stub is null ? "" : $", {Stub}")}",
            [sections, .. Profiles.IsEmpty ? ImmutableArray<ReportTable>.Empty : [ProfileTable()],
                .. image.Tables.Where(table => table.Title != "sections")],
            [.. Findings, .. image.Notes]);
    }

    private ReportTable ProfileTable() => new("profiles", ["profile", "ID", "title", "command line", "own sections", "signed policies"],
        [.. Profiles.Select(p => ImmutableArray.Create(
            $"@{p.Number}", p.Id ?? "", p.Title ?? "", p.CommandLine ?? "", string.Join(' ', p.Own), $"{p.Policies}"))]);
}

/// <summary><c>uki inspect</c>: every section, each nested image and signature, and what each consumer would ignore.</summary>
internal static class UkiInspectOperation
{
    public static Operation<UkiInspectOptions, UkiInspectResult> Definition { get; } = new()
    {
        Name = "uki inspect",
        Summary = "Explain a unified kernel image or addon: sections, nested images, signatures, and what consumers would ignore.",
        Details = "Looks into .linux and into the payload of a zboot kernel there. Holds .pcrsig against what PCR 11 will be, and .uname "
            + "against the kernel. Says nothing of trust; 'verify' does.",
        Body = Run,
        TypedResult = () => UkiJson.Default.UkiInspectResult,
        MakeArguments = () => [new("FILE", "A unified kernel image, an addon or a profile.", (o, v) => o with { File = v })],
        Examples = [new("kexecsign uki inspect linux.efi", "Show what is in it and what is wrong with it.")],
    };

    private static UkiInspectResult Run(UkiInspectOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        try
        {
            return new UkiInspection(options.File, source.ToLayout(), context).Run();
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }
}
