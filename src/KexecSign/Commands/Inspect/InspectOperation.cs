using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Ima;
using KexecSign.Inspection;
using KexecSign.Inspection.Differences;
using KexecSign.Pictures;

namespace KexecSign.Commands.Inspect;

/// <summary>Options of <c>inspect</c>.</summary>
public sealed record InspectOptions
{
    /// <summary>The file to look at.</summary>
    public string File { get; init; } = "";

    /// <summary>A section to write out; null for none.</summary>
    public string? Extract { get; init; }

    /// <summary>Where that goes.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the file is drawn as bars in the place of tables.</summary>
    public bool Map { get; init; }

    /// <summary>Where the drawing goes as SVG; null for nowhere.</summary>
    public string? MapSvg { get; init; }

    /// <summary>The file that it is compared with; null for none.</summary>
    public string? Diff { get; init; }
}

/// <summary><c>inspect</c>: says what a file is.</summary>
internal static class InspectOperation
{
    public static Operation<InspectOptions, InspectResult> Definition { get; } = new()
    {
        Name = "inspect",
        Summary = "Tell what a file is: headers, sections, signatures, digests, traps.",
        Details = "Looks into the payload of a zboot image too. Says nothing of trust; 'verify' does. --map draws the file as bars, level in level, "
            + "with what each signature covers. --diff A B says where two builds differ, down through the levels; the exit code is then 0 when "
            + "they are the same and 1 when they differ.",
        Body = Run,
        TypedResult = () => InspectJson.Default.InspectResult,
        TypedArguments = [new("FILE", "Kernel Image, vmlinuz.efi, bzImage, UKI, parser object, .auth, .esl, .p7, .rpm or zboot kit.", (o, v) => o with { File = v })],
        Plan = o => [.. PlannedStep.Read(o.File), .. PlannedStep.Write(o.Output)],
        TypedOptions =
        [
            new("extract", "SECTION", "Write a section of an EFI image to -o; of shim's .vendor_cert the certificates that it trusts, as PEM.", (o, v) => o with { Extract = v }),
            new("o", "FILE", "Where --extract writes to.", (o, v) => o with { Output = v }),
            new("map", null, "Draw the file as bars: its parts, what its signatures cover, and what is inside.", (o, _) => o with { Map = true }),
            new("map-svg", "FILE", "Write that drawing as SVG.", (o, v) => o with { MapSvg = v }, kind: OptionKind.PathOut),
            new("diff", "FILE", "Say how this file, the one before, and the one given differ, and why; exit code 1 when they do.", (o, v) => o with { Diff = v }),
        ],
        Examples =
        [
            new("kexecsign inspect vmlinuz.efi", "Show headers, sections, signatures and the kernel inside."),
            new("kexecsign inspect shimaa64.efi --extract .vendor_cert -o distribution.pem", "The distribution's certificate, for 'verify --cert'."),
            new("kexecsign inspect vmlinuz.efi --map", "See where everything lies, and that the signed Image inside ends at image_size."),
            new("kexecsign inspect --diff old/vmlinuz.efi new/vmlinuz.efi", "Where and why do two builds differ?"),
        ],
    };

    private static InspectResult Run(InspectOptions options, RunContext context)
    {
        if (options.Extract is null != options.Output is null)
            throw OperationErrors.OptionMissing.With("inspect", options.Extract is null ? "--extract SECTION (for -o)" : "-o FILE (for --extract)");
        using FileSource source = FileSource.Open(options.File);
        try
        {
            Layout file = source.ToLayout();
            InspectResult result = options.Diff is null
                ? ImageInspection.Inspect(options.File, file, context) with { ImaNotes = ImaCarriers.Notes(options.File, file) }
                : Whatever(options.File, file, context) with { Comparison = Compare(options.Diff, file, context) };
            if (options.Extract is { } section)
                result = result with { Extracted = ExtractedSection.Write(source.Path, file, section, options.Output!, context) };
            FileMap? map = options.Map || options.MapSvg is not null ? FileMap.Of(result) : null;
            if (options.MapSvg is not null && !context.DryRun)
                Write(map ?? throw OperationErrors.NothingToDraw.With(result.Kind), options.MapSvg, options.File, context);
            return map is null || !options.Map ? result : result with { Pictured = TextMap.Of(map), PicturedNotes = TextMap.Notes(map) };
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    // A damaged file is compared all the same: how it differs from a sound one is what is asked.
    private static InspectResult Whatever(string path, Layout file, RunContext context)
    {
        try
        {
            return ImageInspection.Inspect(path, file, context);
        }
        catch (KexecSignException broken)
        {
            return new() { File = path, Size = file.Length, Kind = "damaged", Traps = [broken.Message] };
        }
    }

    private static FileComparison Compare(string path, Layout file, RunContext context)
    {
        using FileSource before = FileSource.Open(path);
        Layout other = before.ToLayout();
        return new(path, Sha256(other, context), Sha256(file, context), ImageComparer.Compare(other, file, context));
    }

    private static string Sha256(Layout file, RunContext context) => Convert.ToHexStringLower(LayoutPass.Hash(file, HashAlgorithmName.SHA256, context));

    private static void Write(FileMap map, string path, string input, RunContext context) =>
        WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(SvgMap.File(map))), path, [input], context);
}
