using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Tokens;

/// <summary>C_GenerateKeyPair for signing keys that never leave the token.</summary>
internal static class KeyPairGeneration
{
    // Makes every RSA key for both uses and answers CKR_GENERAL_ERROR to anything else (tpm2-pkcs11 1.9).
    private const string EncryptsAlways = "tpm2-software";

    private static ReadOnlySpan<byte> Exponent65537 => [1, 0, 1];

    // DER OBJECT IDENTIFIER 1.2.840.10045.3.1.7 and 1.3.132.0.34.
    private static ReadOnlySpan<byte> P256 => [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

    private static ReadOnlySpan<byte> P384 => [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

    public static nuint Run(TokenConnection connection, nuint session, string label, KeyKind kind, ReadOnlySpan<byte> id)
    {
        Cryptoki calls = connection.Calls;
        using var publicKey = new Template();
        publicKey.Add(AttributeType.Token, true).Add(AttributeType.Private, false).Add(AttributeType.Verify, true)
            .Add(AttributeType.Label, label).Add(AttributeType.Id, id);
        using var privateKey = new Template();
        privateKey.Add(AttributeType.Token, true).Add(AttributeType.Private, true).Add(AttributeType.Sign, true)
            .Add(AttributeType.Sensitive, true).Add(AttributeType.Extractable, false)
            .Add(AttributeType.Label, label).Add(AttributeType.Id, id);
        if (!connection.State.LibraryManufacturer.StartsWith(EncryptsAlways, StringComparison.Ordinal))
        {
            // Many tokens allow everything unless told otherwise; a signing key that also decrypts or unwraps is an oracle.
            publicKey.Add(AttributeType.Encrypt, false).Add(AttributeType.Wrap, false);
            privateKey.Add(AttributeType.Decrypt, false).Add(AttributeType.Unwrap, false).Add(AttributeType.Derive, false);
        }
        switch (kind)
        {
            case KeyKind.P256 or KeyKind.P384:
                publicKey.Add(AttributeType.EcParameters, kind == KeyKind.P256 ? P256 : P384);
                return calls.GenerateKeyPair(session, Mechanism.EcKeyPairGen, publicKey, privateKey);
            case KeyKind.Mldsa44 or KeyKind.Mldsa65 or KeyKind.Mldsa87:
                if (calls.MechanismOf(connection.State.Slot, Mechanism.MlDsa) is null)
                    throw KeyErrors.MechanismMissing.With(connection.State.Label, MechanismNames.Of(Mechanism.MlDsa), Name(kind), string.Join(", ", MechanismNames.Signing(calls, connection.State.Slot)));
                nuint set = kind switch { KeyKind.Mldsa44 => ParameterSet.MlDsa44, KeyKind.Mldsa65 => ParameterSet.MlDsa65, _ => ParameterSet.MlDsa87 };
                publicKey.Add(AttributeType.ParameterSet, set);
                return calls.GenerateKeyPair(session, Mechanism.MlDsaKeyPairGen, publicKey, privateKey);
            default:
                nuint bits = kind switch { KeyKind.Rsa4096 => 4096, KeyKind.Rsa3072 => 3072, _ => 2048 };
                publicKey.Add(AttributeType.ModulusBits, bits).Add(AttributeType.PublicExponent, Exponent65537);
                return calls.GenerateKeyPair(session, Mechanism.RsaPkcsKeyPairGen, publicKey, privateKey);
        }
    }

    private static string Name(KeyKind kind) => MlDsaSet.Of(kind switch { KeyKind.Mldsa44 => 44, KeyKind.Mldsa65 => 65, _ => 87 }).Name;
}
