using KexecSign.Keys.Kinds;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;

namespace KexecSign.Signing;

/// <summary>Whether a key signs, and a certificate is its own: by having it sign a sentence that nobody verifies.</summary>
public static class KeyValidation
{
    /// <summary>Opens both, signs and checks.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2062, KS3851 and whatever opening raises.</exception>
    public static void Run(SigningOptions options, RunContext context)
    {
        var identity = SigningIdentity.Open("validate-key", options, context, MlDsaUse.Taken);
        byte[] sentence = "kexecsign: this key signs"u8.ToArray();
        byte[] hash = CryptographicOperations.HashData(identity.Hash, sentence);
        byte[] signature = identity.SignContent(ContentKind.Module, hash, () => sentence, context.Cancellation);
        if (identity.Key.Algorithm != KeyAlgorithm.MlDsa
            && BareSignature.Check(identity.Certificate, hash, identity.Hash, signature) is null)
            throw OperationErrors.SignatureUnsound.With(identity.Certificate.Subject);
    }
}
