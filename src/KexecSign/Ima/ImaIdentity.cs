using System.Globalization;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Signing;

namespace KexecSign.Ima;

/// <summary>
/// Who signs for IMA. The value names a key by 4 bytes and carries no certificate, so that a key alone is enough: its certificate may
/// stand in the key's own file, or the id be given, or be that of the key itself (SHA-1 of the public key, as evmctl computes it).
/// </summary>
internal static class ImaIdentity
{
    private const int MostKeyFile = 1 << 16;

    /// <summary>Opens key and certificate.</summary>
    /// <param name="operation">Name of the operation, for messages.</param>
    /// <param name="options">What the user gave.</param>
    /// <param name="keyId">The key id in hex; null for the certificate's.</param>
    /// <param name="context">The run.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3853, KS2xxx.</exception>
    public static SigningIdentity Open(string operation, SigningOptions options, string? keyId, RunContext context)
    {
        SigningOptions given = options is { Certificate: null, Key: { } key } && HoldsCertificate(key)
            ? options with { Certificate = key }
            : options;
        SigningIdentity identity = given.Certificate is null
            ? SigningIdentity.WithoutCertificate(operation, given, context, MlDsaUse.TakenByIma)
            : SigningIdentity.Open(operation, given, context, MlDsaUse.TakenByIma);
        return keyId is null ? identity : identity with { KeyId = Parse(keyId) };
    }

    private static uint Parse(string keyId) =>
        keyId.Length <= 10
        && uint.TryParse(keyId.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? keyId[2..] : keyId, NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out uint id)
        && id != 0
            ? id
            : throw OperationErrors.KeyIdMalformed.With(keyId);

    private static bool HoldsCertificate(string key)
    {
        string path = key.StartsWith("file:", StringComparison.Ordinal) ? key[5..] : key;
        // A pipe can be read only once, and that is for whoever takes the key from it.
        return !key.StartsWith("pkcs11:", StringComparison.OrdinalIgnoreCase)
            && FileFacts.Of(path) is { Kind: FileKind.Regular, Length: <= MostKeyFile }
            && WholeFile.Read(path, MostKeyFile, "a key file").AsSpan().IndexOf("-----BEGIN CERTIFICATE-----"u8) >= 0;
    }
}
