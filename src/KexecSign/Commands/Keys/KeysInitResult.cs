using KexecSign.Keys.Kinds;
using System.Collections.Immutable;
using KexecSign.Core.Reports;
using KexecSign.Keys.Tokens;

namespace KexecSign.Commands.Keys;

/// <summary>Whether something was there before.</summary>
public enum Making
{
    /// <summary>It was there and is kept.</summary>
    Existing,

    /// <summary>It was made now.</summary>
    Made,

    /// <summary>A dry run: it would be kept or made.</summary>
    Planned,
}

/// <summary>Result of <c>keys init</c>.</summary>
/// <param name="Token">Label of the token.</param>
/// <param name="TokenWas">Whether it was there before.</param>
/// <param name="Module">Path of the PKCS#11 module; null in a dry run.</param>
/// <param name="SoftHsmConfiguration">Value for SOFTHSM2_CONF, for other programs; null when the token is no SoftHSM one.</param>
/// <param name="Keys">The keys in the profile's order.</param>
public sealed record KeysInitResult(
    string Token, Making TokenWas, string? Module, string? SoftHsmConfiguration, ImmutableArray<InitialisedKey> Keys) : OperationResult
{
    /// <summary>The configuration that names the keys; null when none was written.</summary>
    public string? Configuration { get; init; }

    /// <summary>Whether the PIN's file lies beside SoftHSM's configuration, by which this program finds it without the variable.</summary>
    internal bool FoundByPin { get; init; }

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"token '{Token}' {Word(TokenWas)}",
        [
            new("keys", ["label", "role", "algorithm", "was", "certificate", "certificate sha256", "valid until"],
                [.. Keys.Select(key => ImmutableArray.Create(
                    key.Label, Roles.Name(key.Role), KeyKindFacts.Of(key.Algorithm).Word, Word(key.KeyWas), key.CertificateFile,
                    key.CertificateSha256 ?? "", key.NotAfter ?? ""))]),
            new("references", ["label", "for --key"],
                [.. Keys.Where(key => key.Uri is not null).Select(key => ImmutableArray.Create(key.Label, key.Uri!))]),
        ],
        [
            .. Configuration is null
                ? (ReadOnlySpan<string>)[]
                : [$"The keys by name: kexecsign sign FILE -k {Keys[0].Label} --config {Configuration}, or export "
                    + $"KEXECSIGN_CONFIG={Configuration}"],
            .. SoftHsmConfiguration is null ? (ReadOnlySpan<string>)[] : [SoftHsmLine()],
        ]);

    private string SoftHsmLine() => FoundByPin
        ? $"For other programs: export SOFTHSM2_CONF={SoftHsmConfiguration}"
        : $"For kexecsign and other programs: export SOFTHSM2_CONF={SoftHsmConfiguration} "
            + "(kexecsign needs it because the PIN is in no file beside that one)";

    private static string Word(Making making) => making switch
    {
        Making.Made => "made",
        Making.Existing => "existing",
        _ => "planned",
    };
}

/// <summary>A key that <c>keys init</c> made or found.</summary>
/// <param name="Label">CKA_LABEL.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Algorithm">Its kind, as the profile says.</param>
/// <param name="KeyWas">Whether the key was there before.</param>
/// <param name="CertificateWas">Whether the token held its certificate before.</param>
/// <param name="Uri">Reference for <c>--key</c>: with module and the place of the PIN, never the PIN. Null in a dry run.</param>
/// <param name="CertificateFile">Path of the certificate in PEM, its issuers behind it.</param>
/// <param name="CertificateSha256">SHA-256 of the certificate's DER, hexadecimal; null in a dry run.</param>
/// <param name="SubjectKeyIdentifier">Hexadecimal; IMA uses the last 4 bytes. Null in a dry run.</param>
/// <param name="NotAfter">End of validity, UTC, ISO 8601; null in a dry run.</param>
public sealed record InitialisedKey(
    string Label, KeyRole Role, KeyKind Algorithm, Making KeyWas, Making CertificateWas, string? Uri, string CertificateFile,
    string? CertificateSha256, string? SubjectKeyIdentifier, string? NotAfter);

/// <summary>Names of roles as profiles write them.</summary>
internal static class Roles
{
    public static string Name(KeyRole role) => role switch
    {
        KeyRole.SecureBoot => "secure-boot",
        KeyRole.Kexec => "kexec",
        KeyRole.Ima => "ima",
        KeyRole.Module => "module",
        _ => "ca",
    };
}
