using System.Formats.Asn1;
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
        KeyKindFacts facts = KeyKindFacts.Of(kind);
        switch (facts.Algorithm)
        {
            case KeyAlgorithm.Ecdsa:
                publicKey.Add(AttributeType.EcParameters, NamedCurve(facts.Curve!));
                return calls.GenerateKeyPair(session, Mechanism.EcKeyPairGen, publicKey, privateKey);
            case KeyAlgorithm.MlDsa:
                var set = MlDsaSet.Of(facts.Bits);
                if (calls.MechanismOf(connection.State.Slot, Mechanism.MlDsa) is null)
                {
                    throw KeyErrors.MechanismMissing.With(
                        connection.State.Label, MechanismNames.Of(Mechanism.MlDsa), set.Name,
                            string.Join(", ", MechanismNames.Signing(calls, connection.State.Slot)));
                }
                publicKey.Add(AttributeType.ParameterSet, set.Parameters);
                return calls.GenerateKeyPair(session, Mechanism.MlDsaKeyPairGen, publicKey, privateKey);
            case KeyAlgorithm.Rsa:
                publicKey.Add(AttributeType.ModulusBits, (nuint)facts.Bits).Add(AttributeType.PublicExponent, Exponent65537);
                return calls.GenerateKeyPair(session, Mechanism.RsaPkcsKeyPairGen, publicKey, privateKey);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    // CKA_EC_PARAMS: DER of the curve's object identifier.
    private static byte[] NamedCurve(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }
}
