using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Commands.Sign;

/// <summary>A signature that is written beside its image: the PKCS#7 alone, in DER.</summary>
internal static class DetachedSigning
{
    /// <summary>Lays the image out as the options want it.</summary>
    public static PendingSignature Prepare(FileSource source, SigningIdentity identity, SignOptions options, RunContext context)
    {
        Layout file = source.ToLayout();
        PendingSignature pending = PendingSignature.Prepare(
            file, identity, options.Detached ? ExistingSignatures.Replace : options.Existing, options.Fit, trailing: options.TrailingBytes);
        if (options.TrailingBytes && PeCanonical.Violations(pending.Image,
            file).FirstOrDefault(v => v.Code == FormatErrors.TrailingBytes) is { } tail)
            context.Log.Warning($"{source.Path}: {tail.Says} They are signed, too.");
        return pending;
    }

    /// <summary>Signs, and writes the signature.</summary>
    public static SignedImage Sign(FileSource source, string target, SigningIdentity identity, SignOptions options,
        Timestamper? timestamper, RunContext context)
    {
        PendingSignature pending;
        try
        {
            pending = Prepare(source, identity, options, context);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(source.Path);
        }
        byte[] digest, pkcs7;
        using (IRunStep step = context.Log.Step($"hash {Path.GetFileName(source.Path)}", pending.Body.Length))
            (digest, pkcs7) = DetachedSignature.Make(pending, identity, source.Path, timestamper, step, context);
        WrittenFile written = WrittenFile.Write(Layout.Of(pkcs7), target, [source.Path], context);
        return new(
            target, written.Size, written.Sha256, identity.Hash.Name!, Convert.ToHexStringLower(digest), 0, 0,
            identity.Certificate.Subject, identity.Certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant());
    }
}
