using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Signing;

namespace KexecSign.Commands.Signatures;

/// <summary>Options of <c>signatures copy</c>.</summary>
public sealed record SignaturesCopyOptions
{
    /// <summary>The image that has the signatures.</summary>
    public string From { get; init; } = "";

    /// <summary>Positions in its certificate table, from 0; empty for all.</summary>
    public ImmutableArray<int> Indexes { get; init; } = [];

    /// <summary>The image that is to get them.</summary>
    public string File { get; init; } = "";

    /// <summary>What becomes of signatures that it has: they stay in front when nothing is said.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Whether bytes behind the last section are let pass.</summary>
    public bool TrailingBytes { get; init; }

    /// <summary>Output file.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the input is replaced.</summary>
    public bool InPlace { get; init; }
}

/// <summary>Result of <c>signatures copy</c>.</summary>
/// <param name="File">Where the image was written.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Copied">Signers of what was copied, in order.</param>
/// <param name="Kept">How many signatures there were before, and are still.</param>
public sealed record SignaturesCopyResult(string File, long Size, string Sha256, ImmutableArray<string> Copied, int Kept) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Copied.Length} signature(s) copied, {Kept} kept",
        [ReportTable.Fields("", ("size", $"{Size}"), ("sha256", Sha256), ("signer", string.Join("; ", Copied)))], []);
}

/// <summary><c>signatures copy</c>: one image with the signatures of two that are alike.</summary>
internal static class SignaturesCopyOperation
{
    public static Operation<SignaturesCopyOptions, SignaturesCopyResult> Definition { get; } = new()
    {
        Name = "signatures copy",
        Summary = "Copy signatures from one image to another with the same digest.",
        Details = "For a signer that gives back two files: Microsoft signs one with its keys of 2011 and one with those of 2023. Each "
            + "signature must be over the image that gets it, and hold by the certificate in it; otherwise nothing is written. One that is "
            + "there already is passed over. Those that are there stay in front, unless --replace or --prepend says otherwise.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.From, o.File), .. PlannedStep.Write(Target(o).Path)],
        TypedResult = () => SignaturesJson.Default.SignaturesCopyResult,
        MakeArguments = () => [new("FILE", "The image that gets them.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("from", "FILE", "The image that has them.", (o, v) => o with { From = v }, required: true),
            new("index", "N", "Which one, as 'signatures list' counts them; without it all.",
                (o, v) => o with { Indexes = o.Indexes.Add(OptionValues.Number("index", v)) }, repeatable: true),
            .. SigningOptionSpecs.Existing<SignaturesCopyOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("trailing-bytes", null, "Let bytes behind the last section pass, which the signatures cover.",
                (o, _) => o with { TrailingBytes = true }),
            new("o", "PATH", "Output file.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the input.", (o, _) => o with { InPlace = true }),
        ],
        Examples = [new("kexecsign signatures copy --from shimx64.2023.efi shimx64.2011.efi -o shimx64.efi",
            "One shim for old firmware and new.")],
    };

    private static SignaturesCopyResult Run(SignaturesCopyOptions options, RunContext context)
    {
        ImageTarget target = Target(options);
        string path = target.Path;
        ImmutableArray<FoundPkcs7> found = Found(options);
        using FileSource source = target.Open();
        try
        {
            var joined = JoinedSignatures.Make(source.ToLayout(), found, options.Existing, options.TrailingBytes, twice: false, context);
            WrittenFile written = EditedImage.Write(target, joined.Image, joined.Bytes, changed: true, context);
            return new(path, written.Size, written.Sha256, joined.Added, joined.Kept);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static ImmutableArray<FoundPkcs7> Found(SignaturesCopyOptions options)
    {
        using FileSource source = FileSource.Open(options.From);
        try
        {
            Layout file = source.ToLayout();
            ImmutableArray<CertificateEntry> entries = CertificateTable.Read(PeReader.Read(file), file);
            if (entries.IsEmpty)
                throw OperationErrors.NothingToCopy.With();
            int[] wanted = options.Indexes.IsEmpty ? [.. Enumerable.Range(0, entries.Length)] : [.. options.Indexes.Distinct()];
            foreach (int index in wanted)
            {
                if (index < 0 || index >= entries.Length)
                    throw FormatErrors.NoSuchSignature.With(index, entries.Length);
            }
            return [.. wanted.Select(index => new FoundPkcs7($"{options.From}, signature {index}", entries[index].Pkcs7))];
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.From);
        }
    }

    private static ImageTarget Target(SignaturesCopyOptions options) => new(options.File, options.Output, options.InPlace);
}
