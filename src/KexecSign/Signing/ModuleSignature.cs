using KexecSign.Core;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Keys.Kinds;
using KexecSign.Modules;

namespace KexecSign.Signing;

/// <summary>
/// The PKCS#7 of a module alone, as <c>sign-file -d</c> writes it: without the trailer that tells the kernel where it begins.
/// </summary>
internal static class ModuleSignature
{
    /// <summary>Signs a module whose content is hashed.</summary>
    /// <param name="module">The module.</param>
    /// <param name="digest">The hash of its content, by the identity's algorithm.</param>
    /// <param name="identity">Who signs.</param>
    /// <param name="signer">How the certificate is named.</param>
    /// <param name="name">What it is of, for an agent's log.</param>
    /// <param name="context">Run context.</param>
    public static byte[] Make(
        ModuleFile module, byte[] digest, SigningIdentity identity, SignerName signer, string name, RunContext context) =>
        DetachedSignedData.Encode(
            new(signer, identity.Hash, identity.SignContent(
                ContentKind.Module, digest, () => SignedContent.Of(module.Content), context.Cancellation, name)), identity.Scheme);
}
