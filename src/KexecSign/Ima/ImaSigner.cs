using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Judging;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Ima;

/// <summary>Makes the values that IMA and EVM read.</summary>
internal static class ImaSigner
{
    /// <summary>The value of security.ima or security.evm for a digest.</summary>
    /// <param name="digest">The digest.</param>
    /// <param name="identity">Who signs.</param>
    /// <param name="context">Run context.</param>
    /// <param name="type">First byte of the value.</param>
    /// <param name="version">2 or 3.</param>
    /// <param name="content">What the digest is of, for a key that wants to see it; null where only the digest is known.</param>
    /// <param name="name">The file, for an agent's log.</param>
    public static byte[] Sign(
        byte[] digest, SigningIdentity identity, RunContext context, byte type = ImaSignature.Digsig, byte version = 2,
        Func<ReadOnlyMemory<byte>>? content = null, string? name = null)
    {
        byte[] hash = ImaSignature.ToBeSigned(type, version, identity.Hash, digest);
        // Version 3 signs a structure of fixed form that holds the digest, whatever that is of.
        byte[]? structure = version == 2 ? null : ImaSignature.FileId(type, identity.Hash, digest);
        ContentKind kind = content is null && structure is null ? ContentKind.Digest
            : type == ImaSignature.PortableEvm ? ContentKind.Evm
            : ContentKind.Ima;
        byte[] signature = identity.SignContent(kind, hash, structure is not null ? () => structure : content ?? (() => hash),
            context.Cancellation, name);
        uint keyId = identity.KeyId ?? ImaCheck.KeyIdOf(identity.Certificate)
            ?? throw VerifyErrors.ImaNoKeyIdentifier.With(CertificateNames.Of(identity.Certificate));
        return new ImaSignature(type, version, identity.Hash, keyId, signature).Encode();
    }
}
