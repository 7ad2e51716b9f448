using KexecSign.Keys.Kinds;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Keys.Tokens;

namespace KexecSign.Commands.Keys;

/// <summary>What a key is for; decides the extensions of its certificate.</summary>
public enum KeyRole
{
    /// <summary>Signs EFI images; the certificate goes into db.</summary>
    SecureBoot,

    /// <summary>Signs the inner Image for kexec_file_load; the certificate goes into db, MOK or the kernel.</summary>
    Kexec,

    /// <summary>Signs files for IMA; the certificate goes into the .ima keyring.</summary>
    Ima,

    /// <summary>Signs kernel modules.</summary>
    Module,

    /// <summary>Signs other certificates of the profile.</summary>
    Ca,
}

/// <summary>A token and its keys as <c>keys init</c> makes them. No secret stands here.</summary>
internal sealed record KeyProfile
{
    /// <summary>Label of the token, at most 32 bytes.</summary>
    public required string Token { get; init; }

    /// <summary>Path or name of the PKCS#11 module; null for the default one.</summary>
    public string? Module { get; init; }

    public required ImmutableArray<KeyProfileEntry> Keys { get; init; }

    private const long MaxLength = 1 << 20;

    /// <summary>Reads and checks a profile; raises KS3001, KS3002, KS3401, KS3402.</summary>
    public static KeyProfile Read(string path)
    {
        KeyProfile profile;
        try
        {
            profile = Parse(WholeFile.Read(path, MaxLength, "a profile"))
                ?? throw OperationErrors.ProfileMalformed.With("it is null").In(path);
        }
        catch (JsonException cause)
        {
            string where = cause.LineNumber is { } line ? $"line {line + 1}, {cause.Path}" : cause.Path ?? "$";
            throw OperationErrors.ProfileMalformed.Because(cause, $"{where} has the wrong form, or a field is unknown or missing").In(path);
        }
        profile.Check(path);
        return profile;
    }

    /// <summary>The profile of keys/demo.profile.json, which the program has in it.</summary>
    public static KeyProfile OfDemonstration()
    {
        using Stream source = typeof(KeyProfile).Assembly.GetManifestResourceStream("demo.profile.json")!;
        using var bytes = new MemoryStream();
        source.CopyTo(bytes);
        return Parse(bytes.ToArray())!;
    }

    private static KeyProfile? Parse(byte[] json) => JsonSerializer.Deserialize(json, KeyProfileJson.Default.KeyProfile);

    private void Check(string path)
    {
        if (Keys.IsDefaultOrEmpty)
            throw OperationErrors.ProfileMalformed.With("it has no keys").In(path);
        var issuers = new HashSet<string>();
        var labels = new HashSet<string>();
        var files = new HashSet<string>();
        foreach (KeyProfileEntry key in Keys)
        {
            if (key.Label.Length == 0 || !labels.Add(key.Label))
                throw OperationErrors.ProfileRefused.With(key.Label, "labels must be there and differ").In(path);
            if (Path.GetFileName(key.CertificateFile) != key.CertificateFile || !files.Add(key.CertificateFile))
                throw OperationErrors.ProfileRefused.With(key.Label,
                    $"'{key.CertificateFile}' must be a file name without folders, used once").In(path);
            if (key.Issuer is not null && !issuers.Contains(key.Issuer))
                throw OperationErrors.ProfileRefused.With(key.Label, $"its issuer '{key.Issuer}' is no key of role ca that stands above it")
                    .In(path);
            if (key.Days is < 1 or > 36500)
                throw OperationErrors.ProfileRefused.With(key.Label, $"{key.Days} days are not between 1 and 36500").In(path);
            if (KeyKindFacts.Of(key.Algorithm).Algorithm == KeyAlgorithm.MlDsa && key.Role == KeyRole.SecureBoot)
                throw OperationErrors.ProfileRefused.With(key.Label, "no firmware or shim verifies ML-DSA").In(path);
            key.CheckNames(path);
            if (key.Role == KeyRole.Ca)
                issuers.Add(key.Label);
        }
    }
}

/// <summary>One key of a profile.</summary>
internal sealed record KeyProfileEntry
{
    /// <summary>CKA_LABEL, the <c>object=</c> of its URI.</summary>
    public required string Label { get; init; }

    public required KeyRole Role { get; init; }

    // The generated reader does not keep initialisers of init properties: defaults are put in where they are read.
    [JsonPropertyName("algorithm")]
    public KeyKind? GivenAlgorithm { get; init; }

    /// <summary>RSA of 2048 bits unless given: what every firmware takes.</summary>
    [JsonIgnore]
    public KeyKind Algorithm => GivenAlgorithm ?? KeyKind.Rsa2048;

    /// <summary>Distinguished name, for instance <c>CN=Example Secure Boot 2026</c>.</summary>
    public required string Subject { get; init; }

    [JsonPropertyName("days")]
    public int? GivenDays { get; init; }

    /// <summary>Validity from now on; ten years unless given.</summary>
    [JsonIgnore]
    public int Days => GivenDays ?? 3650;

    /// <summary>Label of the key that issues the certificate; null when it is self-signed.</summary>
    public string? Issuer { get; init; }

    /// <summary>File name of the certificate; <c>LABEL.pem</c> when null.</summary>
    public string? Certificate { get; init; }

    /// <summary>Object identifiers instead of those that the role has; empty for no extension.</summary>
    public ImmutableArray<string>? ExtendedKeyUsage { get; init; }

    [JsonIgnore]
    public string CertificateFile => Certificate ?? Label + ".pem";

    public void CheckNames(string path)
    {
        try
        {
            _ = new X500DistinguishedName(Subject);
            foreach (string identifier in ExtendedKeyUsage ?? [])
            {
                var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
                writer.WriteObjectIdentifier(identifier);
            }
        }
        catch (Exception cause) when (cause is CryptographicException or ArgumentException)
        {
            throw OperationErrors.ProfileRefused.Because(cause, Label,
                $"'{Subject}' must be a distinguished name and extendedKeyUsage a list of object identifiers").In(path);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true,
    Converters = [typeof(KeyRoleConverter), typeof(KeyKindConverter)])]
[JsonSerializable(typeof(KeyProfile))]
internal sealed partial class KeyProfileJson : JsonSerializerContext;

internal sealed class KeyRoleConverter() : JsonStringEnumConverter<KeyRole>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false);

internal sealed class KeyKindConverter() : JsonStringEnumConverter<KeyKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
