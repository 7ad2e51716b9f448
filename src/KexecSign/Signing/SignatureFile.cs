using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Signing;

/// <summary>
/// A PKCS#7 in a file of its own, as <c>sbsign --detached</c>, <c>signatures extract</c> and pesign write it: DER, or PEM.
/// </summary>
internal static class SignatureFile
{
    private const string Label = "PKCS7", PemMark = "-----BEGIN ";

    /// <summary>Reads the DER.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS1506.</exception>
    public static ReadOnlyMemory<byte> Read(string path)
    {
        byte[] bytes = WholeFile.Read(path, 2 * CertificateEntry.MaxPkcs7Length, "a signature");
        if (bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(PemMark)) is < 0 or > 4096)
            return bytes;
        string text = Encoding.ASCII.GetString(bytes);
        return PemEncoding.TryFind(text, out PemFields fields) && text[fields.Label] is Label or "CMS"
            ? Convert.FromBase64String(text[fields.Base64Data])
            : bytes;
    }

    /// <summary>An image as it would be with this signature attached in the place of its own.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS10xx, KS3001, KS3002, KS1505.</exception>
    public static Layout Attached(Layout file, string path)
    {
        ReadOnlyMemory<byte> pkcs7 = Read(path);
        PeImage image = PeReader.Read(file);
        Layout body = CertificateTable.Strip(image, file, trailing: true).AlignTo(8);
        return CertificateTable.Attach(image, body, CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length)));
    }

    /// <summary>The PEM of a signature's DER.</summary>
    public static byte[] Pem(ReadOnlySpan<byte> pkcs7) => Encoding.ASCII.GetBytes(PemEncoding.WriteString(Label, pkcs7) + "\n");

    /// <summary>Refuses a signature that is of another image, or that does not hold by the certificate in it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1506-KS1508, KS3850, KS3851.</exception>
    public static AuthenticodeSignature Require(ReadOnlyMemory<byte> pkcs7, PeImage image, Layout body, RunContext context)
    {
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(pkcs7);
        SpcIndirectData signed = signature.IndirectData;
        PeImage bare = image with
        {
            FileLength = body.Length,
            Directories = image.Directories.SetItem(PeConstants.CertificateDirectoryIndex, PeDirectory.None),
        };
        using IRunStep step = context.Log.Step("hash", body.Length);
        byte[] actual = LayoutPass.Finish(LayoutPass.Run(body, null, [new(signed.Hash, AuthenticodeDigest.FlatRanges(bare))], step,
            context.Cancellation))[0];
        if (!actual.AsSpan().SequenceEqual(signed.Digest.Span))
            throw OperationErrors.SignatureOfAnother.With(signed.Hash.Name, Convert.ToHexStringLower(signed.Digest.Span),
                Convert.ToHexStringLower(actual));
        if (!signature.IsBeyondJudgement && !signature.SignaturesHold())
            throw OperationErrors.SignatureUnsound.With(signature.Signer?.Subject ?? "a signer whose certificate does not travel along");
        return signature;
    }
}
