using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Keys.Kinds;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Signing;

/// <summary>The PKCS#7 of an image alone, as <c>sbsign --detached</c> writes it.</summary>
internal static class DetachedSignature
{
    /// <summary>Hashes an image that is laid out for it, and signs.</summary>
    /// <param name="pending">The image.</param>
    /// <param name="identity">Who signs.</param>
    /// <param name="name">What it is of, for an agent's log.</param>
    /// <param name="timestamper">Who timestamps; null for nobody.</param>
    /// <param name="step">Progress.</param>
    /// <param name="context">Run context.</param>
    /// <returns>The image digest, and the DER.</returns>
    public static (byte[] Digest, byte[] Pkcs7) Make(
        PendingSignature pending, SigningIdentity identity, string name, Timestamper? timestamper, IRunStep step, RunContext context)
    {
        byte[] digest = LayoutPass.Finish(LayoutPass.Run(pending.Body, null, [pending.ImageHash], step, context.Cancellation))[0];
        byte[] toBeSigned = pending.ToBeSigned(digest);
        byte[] signature = identity.SignContent(
            ContentKind.Authenticode, toBeSigned, () => pending.Attributes!.Der, context.Cancellation, name);
        return (digest, pending.Assemble(signature, timestamper?.Stamp(signature, identity.Hash, context)));
    }
}
