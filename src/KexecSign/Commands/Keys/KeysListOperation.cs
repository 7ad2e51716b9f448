using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;
using KexecSign.Keys.Tokens;
using KexecSign.Signing;

namespace KexecSign.Commands.Keys;

/// <summary>Options of <c>keys list</c>.</summary>
public sealed record KeysListOptions
{
    /// <summary>Which tokens; null for all of the default module.</summary>
    public string? Reference { get; init; }

    /// <summary>Path of the PKCS#11 module, when the URI does not name it.</summary>
    public string? ModulePath { get; init; }

    /// <summary>Where the PIN comes from, to look behind the login of a single token.</summary>
    public PinOptions Pin { get; init; } = new();
}

/// <summary>Result of <c>keys list</c>.</summary>
/// <param name="Tokens">The tokens that match.</param>
public sealed record KeysListResult(ImmutableArray<ListedToken> Tokens) : OperationResult
{
    private const string Nothing = "The module shows no token. For SoftHSM export SOFTHSM2_CONF, or name the PIN's file of a token that "
        + "'kexecsign keys init' made: 'pkcs11:?pin-source=file:FOLDER/pin'. Of another token check that it is plugged in, and name its "
        + "module: 'pkcs11:?module-path=FILE'.";

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Tokens.Length} token(s)",
        [.. Tokens.SelectMany(token => token.Tables())],
        [.. Tokens.IsEmpty ? [Nothing] : (ReadOnlySpan<string>)[], .. Tokens.Where(token => token.Token.LoginRequired && !token.LoggedIn)
            .Select(token =>
                $"Token '{token.Token.Label}' shows private keys only after login: name it with token= and give a PIN source."),
            .. Tokens.SelectMany(token => token.Certificates).Where(c => c.NeedsCare)
                .Select(c => $"Certificate '{c.Label}' {c.Validity}. Firmware and kernel do not look at the date; other verifiers do."),
            .. SharedKeys.Of(Tokens.SelectMany(token => token.Certificates).Select(c => ($"'{c.Label}'", c.PublicKeySha256)))
                .Select(shared => $"Careful: {shared}.")]);
}

/// <summary>A token and what it shows.</summary>
/// <param name="Token">What it says of itself.</param>
/// <param name="LoggedIn">Whether the list was made after login.</param>
/// <param name="Mechanisms">Mechanisms that sign.</param>
/// <param name="Keys">Private keys.</param>
/// <param name="Certificates">Certificates.</param>
public sealed record ListedToken(
    TokenDescription Token, bool LoggedIn, ImmutableArray<string> Mechanisms, ImmutableArray<ListedKey> Keys,
        ImmutableArray<ListedCertificate> Certificates)
{
    internal IEnumerable<ReportTable> Tables()
    {
        yield return ReportTable.Fields($"token '{Token.Label}'",
            ("serial", Token.Serial), ("model", $"{Token.Manufacturer} {Token.Model}"), ("module", Token.Module),
            ("login", !Token.LoginRequired ? "not needed"
                : LoggedIn ? "done"
                : Token.HasKeypad ? "needed, on the token's keypad"
                : "needed"),
            ("signs with", string.Join(", ", Mechanisms)));
        if (!Keys.IsEmpty)
        {
            yield return new("keys", ["label", "id", "kind", "reference"],
                [.. Keys.Select(key => ImmutableArray.Create(key.Label, key.Id,
                    key.Kind + (key.AlwaysAuthenticate ? ", PIN for every signature" : ""), key.Uri))]);
        }
        if (!Certificates.IsEmpty)
        {
            yield return new("certificates", ["label", "id", "subject", "sha256", "validity", "good for"],
                [.. Certificates.Select(c => ImmutableArray.Create(c.Label, c.Id, c.Subject, c.Sha256,
                    $"{c.Validity} ({c.NotAfter[..10]})", c.GoodFor))]);
            yield return new("where they must be", ["label", "keyring"],
                [.. Certificates.Select(c => ImmutableArray.Create(c.Label, c.Keyrings))]);
        }
    }
}

/// <summary>A private key.</summary>
/// <param name="Label">CKA_LABEL.</param>
/// <param name="Id">CKA_ID, hexadecimal.</param>
/// <param name="Kind">For instance <c>RSA 2048</c>.</param>
/// <param name="AlwaysAuthenticate">Whether every signature needs the PIN again.</param>
/// <param name="Uri">Reference without module and PIN source.</param>
public sealed record ListedKey(string Label, string Id, string Kind, bool AlwaysAuthenticate, string Uri);

/// <summary>A certificate.</summary>
/// <param name="Label">CKA_LABEL.</param>
/// <param name="Id">CKA_ID, hexadecimal.</param>
/// <param name="Subject">Distinguished name.</param>
/// <param name="Issuer">Distinguished name of the issuer.</param>
/// <param name="Sha256">SHA-256 of the DER, hexadecimal.</param>
/// <param name="PublicKeySha256">SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal: by it a policy can list the key.</param>
/// <param name="SubjectKeyIdentifier">Hexadecimal.</param>
/// <param name="NotAfter">End of validity, UTC, ISO 8601.</param>
/// <param name="Validity">The same in plain words.</param>
/// <param name="NeedsCare">Whether it has expired or will within 90 days.</param>
/// <param name="GoodFor">What may be signed with its key, by its extensions.</param>
/// <param name="Keyrings">Where it must be for that.</param>
public sealed record ListedCertificate(
    string Label, string Id, string Subject, string Issuer, string Sha256, string PublicKeySha256, string SubjectKeyIdentifier,
    string NotAfter,
    string Validity, bool NeedsCare, string GoodFor, string Keyrings);

/// <summary><c>keys list</c>: what tokens hold.</summary>
internal static class KeysListOperation
{
    public static Operation<KeysListOptions, KeysListResult> Definition { get; } = new()
    {
        Name = "keys list",
        Summary = "Show tokens, their keys and certificates.",
        Details = "Logs in only when the URI leaves one token and a PIN source is given; nobody is asked.",
        Body = Run,
        TypedResult = () => KeysJson.Default.KeysListResult,
        MakeArguments = () => [new("URI", "PKCS#11 URI that narrows the tokens down.", (o, v) => o with { Reference = v }, required: false)],
        MakeOptions = () =>
        [
            new("module-path", "FILE", "The PKCS#11 module; without it the one that KEXECSIGN_PKCS11_MODULE names, or p11-kit's.",
                (o, v) => o with { ModulePath = v }),
            .. SigningOptionSpecs.Pins<KeysListOptions>(o => o.Pin, (o, pin) => o with { Pin = pin }),
        ],
        Examples =
        [
            new("kexecsign keys list", "Show every token that p11-kit knows."),
            new("kexecsign keys list 'pkcs11:?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:keys/token/pin'",
                "Show the demonstration's token with its private keys."),
        ],
    };

    private static KeysListResult Run(KeysListOptions options, RunContext context)
    {
        string reference = options.Reference ?? TokenReference.Any;
        if (options.ModulePath is { } module)
            reference = reference + (reference.Contains('?') ? "&" : "?") + TokenReference.Query(modulePath: module)[1..];
        IReadOnlyList<Token> tokens = context.Keyring.FindTokens(reference, options.Pin);
        return new([.. tokens.Select(token => List(token, context.Clock.GetUtcNow(), context.Cancellation))]);
    }

    private static ListedToken List(Token token, DateTimeOffset now, CancellationToken cancellation)
    {
        bool login = token.Description.LoginRequired && token.PinIsGiven;
        return new(
            token.Description, login, [.. token.SigningMechanisms(cancellation)],
            [.. token.Keys(login, cancellation).Select(key => new ListedKey(
                key.Label, Hex(key.Id), Kind(key), key.AlwaysAuthenticate, token.Uri(key.Label, key.Id)))],
            [.. token.Certificates(login, cancellation).Select(found => Listed(found, now))]);
    }

    private static ListedCertificate Listed(CertificateDescription found, DateTimeOffset now)
    {
        CertificateUse use = CertificateUse.Of(found.Certificate);
        return new(
            found.Label, Hex(found.Id), found.Certificate.Subject, found.Certificate.Issuer,
            Convert.ToHexStringLower(SHA256.HashData(found.Certificate.RawData)),
            Convert.ToHexStringLower(SHA256.HashData(found.Certificate.PublicKey.ExportSubjectPublicKeyInfo())),
            Convert.ToHexStringLower(SubjectKeyIdentifier.Of(found.Certificate)),
            found.Certificate.NotAfter.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ"),
            Validity.Of(found.Certificate, now), Validity.NeedsCare(found.Certificate, now), use.GoodFor, use.Keyrings);
    }

    private static string Kind(KeyDescription key) => (key.Algorithm, key.SizeBits) switch
    {
        (KeyAlgorithm.Rsa, { } bits) => $"RSA {bits}",
        (KeyAlgorithm.Ecdsa, { } bits) => $"ECDSA P-{bits}",
        (KeyAlgorithm.MlDsa, { } set) => $"ML-DSA-{set}",
        _ => "not usable here",
    };

    private static string Hex(ImmutableArray<byte> id) => Convert.ToHexStringLower(id.AsSpan());
}
