using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Commands.Signatures;

/// <summary>Options of <c>signatures extract</c>.</summary>
public sealed record SignaturesExtractOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>Position in the certificate table, from 0.</summary>
    public int Index { get; init; }

    /// <summary>Whether PEM is written instead of DER.</summary>
    public bool Pem { get; init; }

    /// <summary>Output file.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>signatures extract</c>.</summary>
/// <param name="File">Where the signature was written.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Index">Which one it was.</param>
public sealed record SignaturesExtractResult(string File, long Size, string Sha256, int Index) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: signature {Index}", [ReportTable.Fields("", ("size", $"{Size}"), ("sha256", Sha256))], []);
}

/// <summary><c>signatures extract</c>: writes a signature to a file of its own.</summary>
internal static class SignaturesExtractOperation
{
    public static Operation<SignaturesExtractOptions, SignaturesExtractResult> Definition { get; } = new()
    {
        Name = "signatures extract",
        Summary = "Write a signature of an image to a file: the PKCS#7, in DER or PEM.",
        Details = "'signatures add' puts it into an image again, 'verify --signature' judges it beside one.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.File), .. PlannedStep.Write(o.Output)],
        TypedResult = () => SignaturesJson.Default.SignaturesExtractResult,
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("index", "N", "Which one, as 'signatures list' counts them.", (o, v) => o with { Index = OptionValues.Number("index", v) },
                "0"),
            new("pem", null, "Write PEM.", (o, _) => o with { Pem = true }),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples = [new("kexecsign signatures extract vmlinuz.efi -o vmlinuz.p7", "Keep the signature of a release beside it.")],
    };

    private static SignaturesExtractResult Run(SignaturesExtractOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        try
        {
            Layout file = source.ToLayout();
            ImmutableArray<CertificateEntry> entries = CertificateTable.Read(PeReader.Read(file), file);
            if (options.Index >= entries.Length)
                throw OperationErrors.ExtractedIndexMissing.With(entries.Length, options.Index);
            ReadOnlyMemory<byte> pkcs7 = entries[options.Index].Pkcs7();
            string path = options.Output ?? throw OperationErrors.NoOutput.With(1);
            WrittenFile written = WrittenFile.Write(Layout.Of(options.Pem ? SignatureFile.Pem(pkcs7.Span) : pkcs7), path, [options.File],
                context);
            return new(path, written.Size, written.Sha256, options.Index);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }
}
