using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Keys;

/// <summary>Form of an exported certificate.</summary>
public enum CertificateFormat
{
    /// <summary>PEM text.</summary>
    Pem,

    /// <summary>DER, for the kernel's keyrings and firmware menus.</summary>
    Der,

    /// <summary>EFI signature lists, for efi-updatevar and firmware menus.</summary>
    Esl,
}

/// <summary>Options of <c>keys export</c>.</summary>
public sealed record KeysExportOptions
{
    /// <summary>Certificate references: PKCS#11 URIs or files; of a file with a chain the first is taken.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary>The file to write.</summary>
    public string? Output { get; init; }

    /// <summary>The form; null for the one that the output's name says.</summary>
    public CertificateFormat? Format { get; init; }

    /// <summary>SignatureOwner of EFI signature lists.</summary>
    public Guid Owner { get; init; } = OwnerOption.Default;

    /// <summary>Where the PIN comes from, for tokens that hide certificates before login.</summary>
    public PinOptions Pin { get; init; } = new();
}

/// <summary>Result of <c>keys export</c>.</summary>
/// <param name="File">The file.</param>
/// <param name="Format">Its form.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Certificates">What is in it.</param>
public sealed record KeysExportResult(string File, CertificateFormat Format, long Size, ImmutableArray<ExportedCertificate> Certificates)
    : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: {Certificates.Length} certificate(s), {Format.ToString().ToUpperInvariant()}",
        [new("", ["subject", "sha256"], [.. Certificates.Select(c => ImmutableArray.Create(c.Subject, c.Sha256))])],
        []);
}

/// <summary>A certificate that was written.</summary>
/// <param name="Subject">Distinguished name.</param>
/// <param name="Sha256">SHA-256 of the DER, hexadecimal.</param>
public sealed record ExportedCertificate(string Subject, string Sha256)
{
    internal static ExportedCertificate Of(X509Certificate2 certificate) =>
        new(certificate.Subject, Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)));
}

/// <summary><c>keys export</c>: certificates as PEM, DER or EFI signature list. Private keys have no way out.</summary>
internal static class KeysExportOperation
{
    private static readonly ImmutableArray<string> Formats = ["pem", "der", "esl"];

    public static Operation<KeysExportOptions, KeysExportResult> Definition { get; } = new()
    {
        Name = "keys export",
        Summary = "Write certificates as PEM, DER or EFI signature list.",
        Details = "Takes certificates from tokens and files; private keys never leave a token. The form follows the output's name: "
            + ".der and .cer are DER, .esl is an EFI signature list, everything else PEM.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Certificates.Where(c => !c.StartsWith("pkcs11:", StringComparison.OrdinalIgnoreCase))),
            .. PlannedStep.Write(o.Output)],
        TypedResult = () => KeysJson.Default.KeysExportResult,
        MakeArguments = () => [new("CERT", "A certificate, or several: PKCS#11 URI, or PEM or DER file.",
            (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true)],
        MakeOptions = () =>
        [
            new("o", "FILE", "The file to write.", (o, v) => o with { Output = v }, required: true),
            new("format", "FORM", "Form of the output; without it what its name says.",
                (o, v) => o with { Format = Enum.Parse<CertificateFormat>(OptionValues.Choice("format", v, Formats), ignoreCase: true) },
                choices: Formats),
            new("owner", "GUID", "Owner of the entries of an EFI signature list; firmware only shows it.",
                (o, v) => o with { Owner = OwnerOption.Parse(v) }),
            .. SigningOptionSpecs.Pins<KeysExportOptions>(o => o.Pin, (o, pin) => o with { Pin = pin }),
        ],
        Examples =
        [
            new("kexecsign keys export 'pkcs11:token=release;object=db' -o db.esl", "Write a token's certificate for enrolment."),
            new("kexecsign keys export ima.pem -o x509_ima.der", "Write a certificate as the kernel loads it into .ima."),
        ],
    };

    private static KeysExportResult Run(KeysExportOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("keys export", new NamedOption("o"));
        if (options.Certificates.IsEmpty)
            throw OperationErrors.OptionMissing.With("keys export", "a CERT");
        CertificateFormat format = options.Format ?? FormatOf(path);
        if (format == CertificateFormat.Der && options.Certificates.Length > 1)
            throw OperationErrors.DerTakesOne.With(options.Certificates.Length);
        ImmutableArray<X509Certificate2> certificates = TrustedCertificates.Open(options.Certificates, options.Pin, context);
        WrittenFile written = WrittenFile.Write(Layout.Of(Encode(certificates, format, options.Owner)), path, Files(options.Certificates),
            context);
        return new(path, format, written.Size, [.. certificates.Select(ExportedCertificate.Of)]);
    }

    private static byte[] Encode(ImmutableArray<X509Certificate2> certificates, CertificateFormat format, Guid owner) => format switch
    {
        CertificateFormat.Der => certificates[0].RawData,
        CertificateFormat.Esl => SignatureList.EncodeAll(certificates.Select(certificate => SignatureList.Of(certificate, owner))),
        _ => Encoding.ASCII.GetBytes(string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"))),
    };

    private static CertificateFormat FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".der" or ".cer" => CertificateFormat.Der,
        ".esl" => CertificateFormat.Esl,
        _ => CertificateFormat.Pem,
    };

    private static string[] Files(ImmutableArray<string> references) =>
        [.. references.Where(reference => !reference.Contains(':', StringComparison.Ordinal))];
}
