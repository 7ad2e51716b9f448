using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Ima;
using KexecSign.Inspection;

namespace KexecSign.Commands.Inspect;

/// <summary>Options of <c>inspect</c>.</summary>
public sealed record InspectOptions
{
    /// <summary>The file to look at.</summary>
    public string File { get; init; } = "";
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
        Examples = [new("kexecsign inspect vmlinuz.efi", "Show headers, sections, signatures and the kernel inside.")],
    };

    private static InspectResult Run(InspectOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        try
        {
            return ImageInspection.Inspect(options.File, source.ToLayout(), context) with { ImaNotes = ImaCarriers.Notes(options.File, source.ToLayout()) };
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }
}
