using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Commands.Sign;

/// <summary>Whether an image has a signature already that would be made now.</summary>
internal static class OwnSignature
{
    /// <summary>
    /// Whether one of its signatures is by this certificate, over this digest algorithm, holds, and is as the options have it: with the
    /// table that fits, with a timestamp. What cannot be read as an image has none: signing it will say why.
    /// </summary>
    public static bool IsIn(FileSource source, SigningIdentity identity, SignOptions options, RunContext context)
    {
        try
        {
            Layout file = source.ToLayout();
            PeImage image = PeReader.Read(file);
            if (!image.IsSigned)
                return false;
            if (options.Fit && (ulong)file.Length != KernelImage.Read(file).ImageSize)
                return false;
            Layout body = CertificateTable.Strip(image, file, options.TrailingBytes).AlignTo(8);
            return CertificateTable.Read(image, file).Any(entry => Holds(entry.Pkcs7(), image, body, identity, options, context));
        }
        catch (KexecSignException)
        {
            return false;
        }
    }

    private static bool Holds(
        ReadOnlyMemory<byte> pkcs7, PeImage image, Layout body, SigningIdentity identity, SignOptions options, RunContext context)
    {
        try
        {
            AuthenticodeSignature signature = AuthenticodeSignature.Decode(pkcs7);
            if (signature.Signer is not { } signer || !signer.RawDataMemory.Span.SequenceEqual(identity.Certificate.RawDataMemory.Span))
                return false;
            if (signature.IndirectData.Hash != identity.Hash || !signature.ListsSignerHash || signature.IsBeyondJudgement)
                return false;
            if (!options.Timestamp.Servers.IsEmpty && signature.TimestampTokens.IsEmpty)
                return false;
            SignatureFile.Require(pkcs7, image, body, context);
            return true;
        }
        catch (KexecSignException)
        {
            return false;
        }
    }
}
