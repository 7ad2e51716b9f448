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
        Details = "Looks into the payload of a zboot image too. Says nothing of trust; 'verify' does. --map draws the file as bars, level "
            + "in level, with what each signature covers. --diff A B says where two builds differ, down through the levels; the exit code "
            + "is then 0 when they are the same and 1 when they differ.",
        Body = Run,
        TypedResult = () => InspectJson.Default.InspectResult,
        MakeArguments = () => [new("FILE", "Kernel Image, vmlinuz.efi, bzImage, UKI, parser object, .auth, .esl, .p7, .rpm or zboot kit.",
            (o, v) => o with { File = v })],
        Plan = o => [.. PlannedStep.Read(o.Diff, o.File), .. PlannedStep.Write(o.Output, o.MapSvg)],
        MakeOptions = () =>
        [
            new("extract", "SECTION",
                "Write a section of an EFI image to -o; of shim's .vendor_cert the certificates that it trusts, as PEM.", (o, v) =>
                o with { Extract = v }),
            new("o", "FILE", "Where --extract writes to.", (o, v) => o with { Output = v }),
            new("map", null, "Draw the file as bars: its parts, what its signatures cover, and what is inside.",
                (o, _) => o with { Map = true }),
            new("map-svg", "FILE", "Write that drawing as SVG.", (o, v) => o with { MapSvg = v }, kind: OptionKind.PathOut),
            new("diff", "FILE", "Say how this file, the one before, and the one given differ, and why; exit code 1 when they do.",
                (o, v) => o with { Diff = v }),
        ],
        Examples =
        [
            new("kexecsign inspect vmlinuz.efi", "Show headers, sections, signatures and the kernel inside."),
            new("kexecsign inspect shimaa64.efi --extract .vendor_cert -o distribution.pem",
                "The distribution's certificate, for 'verify --cert'."),
            new("kexecsign inspect vmlinuz.efi --map", "See where everything lies, and that the signed Image inside ends at image_size."),
            new("kexecsign inspect --diff old/vmlinuz.efi new/vmlinuz.efi", "Where and why do two builds differ?"),
        ],
    };

    private static InspectResult Run(InspectOptions options, RunContext context)
    {
        if (options.Extract is null != options.Output is null)
            throw OperationErrors.OptionMissing.With("inspect", options.Extract is null
                ? $"{new NamedOption("extract", "SECTION")} (for {new NamedOption("o")})"
                : $"{new NamedOption("o", "FILE")} (for {new NamedOption("extract")})");
        // Both are what is shown in the place of the tables.
        if (options.Diff is not null && options.Map)
            throw OperationErrors.OptionsConflict.With(new NamedOption("diff"), new NamedOption("map"));
        using FileSource source = FileSource.Open(options.File);
        using FileSource? other = options.Diff is null ? null : FileSource.Open(options.Diff);
        using var outputs = new StagedFiles(options.File);
        string? section = options.Output is null ? null : outputs.Add(options.Output);
        string? drawing = options.MapSvg is null ? null : outputs.Add(options.MapSvg);
        try
        {
            Layout file = source.ToLayout();
            InspectResult result = other is null ? Look(options.File, file, context) : Compare(other, options.File, file, context);
            if (section is not null)
                result = result with { Extracted = ExtractedSection.Write(file, options.Extract!, options.Output!, section, context) };
            FileMap? map = !options.Map && drawing is null ? null
                : FileMap.Of(result) ?? throw OperationErrors.NothingToDraw.With(result.Kind);
            if (drawing is not null)
                WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(SvgMap.File(map!))), drawing, [], context);
            outputs.Place();
            return options.Map ? result with { Pictured = TextMap.Of(map!), PicturedNotes = TextMap.Notes(map!) } : result;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static InspectResult Look(string path, Layout file, RunContext context) =>
        ImageInspection.Inspect(path, file, context) with { ImaNotes = ImaCarriers.Notes(path, file) };

    private static InspectResult Compare(FileSource before, string path, Layout file, RunContext context)
    {
        using ComparedFile old = new(before.ToLayout(), context), now = new(file, context);
        InspectResult result = Whatever(path, now, context);
        return result with { Comparison = new(before.Path, old.Sha256, now.Sha256, ImageComparer.Compare(old, now, context)) };
    }

    // A damaged file is compared all the same: how it differs from a sound one is what is asked.
    private static InspectResult Whatever(string path, ComparedFile file, RunContext context)
    {
        try
        {
            return ImageInspection.Inspect(path, file.Bytes, file.Digests, file.Image is { } image ? () => image.Inside : null, context);
        }
        catch (KexecSignException broken)
        {
            return new() { File = path, Size = file.Bytes.Length, Kind = "damaged", Traps = [broken.Message] };
        }
    }
}
