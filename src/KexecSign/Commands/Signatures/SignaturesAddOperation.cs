using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Images;
using KexecSign.Signing;

namespace KexecSign.Commands.Signatures;

/// <summary>Options of <c>signatures add</c>.</summary>
public sealed record SignaturesAddOptions
{
    /// <summary>The signatures, each a PKCS#7 in DER or PEM.</summary>
    public ImmutableArray<string> Signatures { get; init; } = [];

    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>What becomes of signatures that are there: they stay in front when nothing is said.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Whether bytes behind the last section are let pass.</summary>
    public bool TrailingBytes { get; init; }

    /// <summary>Output file.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the input is replaced.</summary>
    public bool InPlace { get; init; }
}

/// <summary>Result of <c>signatures add</c>.</summary>
/// <param name="File">Where the image was written.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Added">Signers of what was added, in order.</param>
/// <param name="Kept">How many signatures there were before, and are still.</param>
public sealed record SignaturesAddResult(string File, long Size, string Sha256, ImmutableArray<string> Added, int Kept) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Added.Length} signature(s) added, {Kept} kept",
        [ReportTable.Fields("", ("size", $"{Size}"), ("sha256", Sha256), ("signer", string.Join("; ", Added)))], []);
}

/// <summary><c>signatures add</c>: puts signatures that were made elsewhere into an image.</summary>
internal static class SignaturesAddOperation
{
    public static Operation<SignaturesAddOptions, SignaturesAddResult> Definition { get; } = new()
    {
        Name = "signatures add",
        Summary = "Put a detached signature into an image.",
        Details = "The signature must be over this image and must hold by the certificate in it; another one is refused and nothing is "
            + "written. Signatures that are there stay in front, unless --replace or --prepend says otherwise.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read([o.File, .. o.Signatures]), .. PlannedStep.Write(Target(o).Path)],
        TypedResult = () => SignaturesJson.Default.SignaturesAddResult,
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("signature", "FILE", "The signature: PKCS#7 in DER or PEM.", (o, v) => o with { Signatures = o.Signatures.Add(v) },
                required: true, repeatable: true),
            .. SigningOptionSpecs.Existing<SignaturesAddOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("trailing-bytes", null, "Let bytes behind the last section pass, which the signature covers.",
                (o, _) => o with { TrailingBytes = true }),
            new("o", "PATH", "Output file.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the input.", (o, _) => o with { InPlace = true }),
        ],
        Examples = [new("kexecsign signatures add vmlinuz.efi --signature vmlinuz.p7 -o vmlinuz.signed.efi",
            "Attach what a signing service gave back.")],
    };

    private static SignaturesAddResult Run(SignaturesAddOptions options, RunContext context)
    {
        ImageTarget target = Target(options);
        string path = target.Path;
        using FileSource source = target.Open();
        try
        {
            ImmutableArray<FoundPkcs7> found = [.. options.Signatures.Select(file => new FoundPkcs7(file, () => SignatureFile.Read(file)))];
            var joined = JoinedSignatures.Make(source.ToLayout(), found, options.Existing, options.TrailingBytes, twice: true, context);
            WrittenFile written = EditedImage.Write(target, joined.Image, joined.Bytes, changed: true, context);
            return new(path, written.Size, written.Sha256, joined.Added, joined.Kept);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static ImageTarget Target(SignaturesAddOptions options) => new(options.File, options.Output, options.InPlace);
}
