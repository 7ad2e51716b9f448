using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Images;

namespace KexecSign.Commands.Pe;

/// <summary>Options of <c>pe normalize</c>.</summary>
public sealed record PeNormalizeOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>Output file.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the input is replaced.</summary>
    public bool InPlace { get; init; }

    /// <summary>Whether signatures may go.</summary>
    public bool DropSignatures { get; init; }
}

/// <summary>Result of <c>pe normalize</c>.</summary>
/// <param name="File">Where the image was written.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Changes">What was changed, one sentence each; empty when it was canonical already.</param>
public sealed record PeNormalizeResult(string File, long Size, string Sha256, ImmutableArray<string> Changes) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        Changes.IsEmpty ? $"{File}: was canonical already" : $"{File}: canonical, {Changes.Length} change(s)",
        [ReportTable.Fields("", ("size", $"{Size}"), ("sha256", Sha256))], Changes);
}

/// <summary><c>pe normalize</c>: makes an image canonical, so that every signer and verifier computes the same digest.</summary>
internal static class PeNormalizeOperation
{
    public static Operation<PeNormalizeOptions, PeNormalizeResult> Definition { get; } = new()
    {
        Name = "pe normalize",
        Summary = "Make an image canonical, so that all signers and verifiers compute one digest.",
        Details = "Moves no byte: zeros between sections are given to the section before them, missing padding is added, the section table "
            + "is sorted. What would need more, or could change what is loaded, is refused.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.File), .. PlannedStep.Write(Target(o).Path)],
        TypedResult = () => PeJson.Default.PeNormalizeResult,
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("o", "PATH", "Output file.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the input.", (o, _) => o with { InPlace = true }),
            new("drop-signatures", null, "Drop signatures, which cannot survive; without it a signed image is refused.",
                (o, _) => o with { DropSignatures = true }),
        ],
        Examples = [new("kexecsign pe normalize stub.efi -o stub.canonical.efi", "Close the gaps that objcopy left.")],
    };

    private static PeNormalizeResult Run(PeNormalizeOptions options, RunContext context)
    {
        ImageTarget target = Target(options);
        string path = target.Path;
        using FileSource source = target.Open();
        try
        {
            NormalizedImage normalized = PeNormalizer.Normalize(source.ToLayout(), options.DropSignatures);
            WrittenFile written = EditedImage.Write(target, PeReader.Read(normalized.File), normalized.File, !normalized.Changes.IsEmpty,
                context);
            return new(path, written.Size, written.Sha256, normalized.Changes);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static ImageTarget Target(PeNormalizeOptions options) => new(options.File, options.Output, options.InPlace);
}

/// <summary>JSON of the results of <c>pe</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PeNormalizeResult))]
internal sealed partial class PeJson : JsonSerializerContext;
