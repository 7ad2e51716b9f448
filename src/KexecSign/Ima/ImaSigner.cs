using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Formats.Ima;
using KexecSign.Keys.Certificates;
using KexecSign.Signing;

namespace KexecSign.Ima;

/// <summary>Makes the values that IMA and EVM read.</summary>
internal static class ImaSigner
{
    /// <summary>The value of security.ima for a file's digest.</summary>
    public static byte[] Sign(byte[] digest, SigningIdentity identity, RunContext context, byte type = ImaSignature.Digsig, byte version = 2)
    {
        byte[] signature = identity.Key.SignHash(ImaSignature.ToBeSigned(type, version, identity.Hash, digest), identity.Hash, context.Cancellation);
        uint keyId = identity.KeyId ?? ImaSignature.KeyIdOf(SubjectKeyIdentifier.Of(identity.Certificate));
        return new ImaSignature(type, version, identity.Hash, keyId, signature).Encode();
    }
}
