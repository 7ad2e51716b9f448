using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Commands.Signatures;

/// <summary>A signature that was made elsewhere.</summary>
/// <param name="Path">The file that it comes from, for messages.</param>
/// <param name="Pkcs7">Reads it, DER.</param>
internal sealed record FoundPkcs7(string Path, Func<ReadOnlyMemory<byte>> Pkcs7);

/// <summary>An image with further signatures, each of which is over it and holds.</summary>
/// <param name="Image">Headers of the image as it was.</param>
/// <param name="Bytes">The image with them.</param>
/// <param name="Added">Signers of what was added, in order.</param>
/// <param name="Kept">How many signatures there were before, and are still.</param>
internal sealed record JoinedSignatures(PeImage Image, Layout Bytes, ImmutableArray<string> Added, int Kept)
{
    /// <summary>Joins them.</summary>
    /// <param name="file">The image.</param>
    /// <param name="signatures">What is added, in this order.</param>
    /// <param name="existing">What becomes of signatures that are there: they stay in front when nothing is said.</param>
    /// <param name="trailing">Whether bytes behind the last section are let pass.</param>
    /// <param name="twice">Whether one that is there already is added once more, instead of being passed over.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS10xx; of a signature, with its file, KS15xx.</exception>
    public static JoinedSignatures Make(Layout file, ImmutableArray<FoundPkcs7> signatures, ExistingSignatures existing, bool trailing,
        bool twice, RunContext context)
    {
        PeImage image = PeReader.Read(file);
        PeCanonical.Require(image, file, trailing);
        ImmutableArray<CertificateEntry> there = existing == ExistingSignatures.Replace ? [] : CertificateTable.Read(image, file);
        Layout body = CertificateTable.Strip(image, file, trailing).AlignTo(8);
        var added = new List<byte[]>();
        var signers = ImmutableArray.CreateBuilder<string>();
        foreach (FoundPkcs7 found in signatures)
        {
            try
            {
                ReadOnlyMemory<byte> pkcs7 = found.Pkcs7();
                if (!twice && there.Any(entry => entry.Type == CertificateEntry.Pkcs7SignedData
                    && entry.Pkcs7().Span.SequenceEqual(pkcs7.Span)))
                    continue;
                AuthenticodeSignature signature = SignatureFile.Require(pkcs7, image, body, context);
                added.Add(CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length)));
                signers.Add(signature.Signer?.Subject ?? "not included");
            }
            catch (KexecSignException refused)
            {
                throw refused.In(found.Path);
            }
        }
        byte[][] kept = [.. there.Select(entry => entry.ToBytes())];
        byte[][] entries = existing == ExistingSignatures.Prepend ? [.. added, .. kept] : [.. kept, .. added];
        return new(image, CertificateTable.Attach(image, body, CertificateTable.Encode(entries)), signers.ToImmutable(), kept.Length);
    }
}
