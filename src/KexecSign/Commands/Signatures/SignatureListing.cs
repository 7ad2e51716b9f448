using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Judging;

namespace KexecSign.Commands.Signatures;

/// <summary>Finds every signature of an image, and who will look at it.</summary>
internal static class SignatureListing
{
    // Firmware of before 2011 and some of today stop at the first entry (sbctl issue 502); EDK2 and shim try them all.
    private static readonly ImmutableArray<string> First = ["kernel (kexec)", "firmware", "shim"];
    private static readonly ImmutableArray<string> Later = ["firmware that looks at all entries", "shim"];
    private static readonly ImmutableArray<string> Nested = ["Windows only"];

    /// <summary>The signatures in table order, nested ones behind the one that holds them.</summary>
    public static ImmutableArray<ListedSignature> Of(PeImage image, Layout file, ImmutableArray<X509Certificate2> trusted,
        RunContext context)
    {
        ReadDigests digests = ReadDigests.Of(image, file, context, []);
        return [.. WalkedSignature.Of(CertificateTable.Read(image, file)).Select(walked => Listed(walked, digests, trusted))];
    }

    private static ListedSignature Listed(WalkedSignature walked, ReadDigests digests, ImmutableArray<X509Certificate2> trusted)
    {
        var listed = new ListedSignature
        {
            Index = walked.Index,
            Offset = walked.Entry.Offset,
            Size = walked.Size,
            ReadBy = walked.Depth > 0 ? Nested : walked.Index == "0" ? First : Later,
        };
        return walked.Signature is { } signature
            ? Describe(listed, signature, digests, trusted) : listed with { ReadBy = ["nobody"], Problem = walked.Problem!.Message };
    }

    private static ListedSignature Describe(ListedSignature listed, AuthenticodeSignature signature, ReadDigests digests,
        ImmutableArray<X509Certificate2> trusted)
    {
        SpcIndirectData signed = signature.IndirectData;
        return listed with
        {
            DigestAlgorithm = signed.Hash.Name,
            Digest = Convert.ToHexStringLower(signed.Digest.Span),
            DigestMatches = digests.Match(signed.Hash, signed.Digest.Span),
            SignatureHolds = signature.IsBeyondJudgement ? null : signature.SignaturesHold(),
            Problem = signature.IsBeyondJudgement ? "it is ML-DSA, which this machine's OpenSSL cannot verify (3.5 can)" : null,
            LeadsTo = signature.Signer is { } leading && digests.Match(signed.Hash, signed.Digest.Span) && signature.SignaturesHold()
                ? CertificateTrust.Find(leading, signature.Certificates, trusted)?.Subject : null,
            Signer = signature.Signer is { } signer ? Describe(signer) : null,
            Chain = [.. signature.Certificates.Where(c => signature.Signer is null
                || !c.RawDataMemory.Span.SequenceEqual(signature.Signer.RawDataMemory.Span)).Select(Describe)],
            SigningTime = signature.SigningTime,
            Timestamps = [.. signature.TimestampTokens.Select(TimeOf).OfType<DateTimeOffset>()],
        };
    }

    private static ListedSigner Describe(X509Certificate2 certificate) => new(
        certificate.Subject, certificate.Issuer, certificate.SerialNumber,
        certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(),
        new(certificate.NotBefore.ToUniversalTime()), new(certificate.NotAfter.ToUniversalTime()));

    private static DateTimeOffset? TimeOf(ReadOnlyMemory<byte> token) =>
        Rfc3161TimestampToken.TryDecode(token, out Rfc3161TimestampToken? decoded, out _) ? decoded.TokenInfo.Timestamp : null;
}
