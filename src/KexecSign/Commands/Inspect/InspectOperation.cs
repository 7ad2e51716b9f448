using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Ima;
using KexecSign.Inspection;

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
}

/// <summary><c>inspect</c>: says what a file is.</summary>
internal static class InspectOperation
{
    public static Operation<InspectOptions, InspectResult> Definition { get; } = new()
    {
        Name = "inspect",
        Summary = "Tell what a file is: headers, sections, signatures, digests, traps.",
        Details = "Looks into the payload of a zboot image too. Says nothing of trust; 'verify' does.",
        Body = Run,
        TypedResult = () => InspectJson.Default.InspectResult,
        TypedArguments = [new("FILE", "Kernel Image, vmlinuz.efi, bzImage, UKI, parser object, .auth, .esl, .p7, .rpm or zboot kit.", (o, v) => o with { File = v })],
        Plan = o => [.. PlannedStep.Read(o.File), .. PlannedStep.Write(o.Output)],
        TypedOptions =
        [
            new("extract", "SECTION", "Write a section of an EFI image to -o; of shim's .vendor_cert the certificates that it trusts, as PEM.", (o, v) => o with { Extract = v }),
            new("o", "FILE", "Where --extract writes to.", (o, v) => o with { Output = v }),
        ],
        Examples =
        [
            new("kexecsign inspect vmlinuz.efi", "Show headers, sections, signatures and the kernel inside."),
            new("kexecsign inspect shimaa64.efi --extract .vendor_cert -o distribution.pem", "The distribution's certificate, for 'verify --cert'."),
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
            return ImageInspection.Inspect(options.File, file, context) with
            {
                ImaNotes = ImaCarriers.Notes(options.File, file),
                Extracted = options.Extract is { } section ? ExtractedSection.Write(source.Path, file, section, options.Output!, context) : null,
            };
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }
}
