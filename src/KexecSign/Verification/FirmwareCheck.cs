using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Inspection;

namespace KexecSign.Verification;

/// <summary>
/// What firmware and shim do with a PE image: any entry of the certificate table may be the one that is trusted, but none
/// may be revoked (EDK2 DxeImageVerificationLib; shim's verify_buffer). Both were seen to refuse ECDSA.
/// </summary>
internal static class FirmwareCheck
{
    private const string EcdsaPrefix = "1.2.840.10045.";

    /// <summary>The verdict as firmware.</summary>
    public static Verdict AsFirmware(
        PeImage image, Layout file, Lazy<ReadDigests> digests, Revocations revoked, ImmutableArray<X509Certificate2> trusted)
    {
        try
        {
            if (image.Subsystem != PeConstants.EfiApplication)
                throw VerifyErrors.NotEfiApplication.With(image.Subsystem, PeConstants.EfiApplication);
            return new(Consumer.Firmware, Answer.Accepts, Check(image, file, digests, revoked, trusted));
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Firmware, refused);
        }
    }

    /// <summary>The verdict as shim.</summary>
    public static Verdict AsShim(
        PeImage image, Layout file, Lazy<ReadDigests> digests, Revocations revoked, ImmutableArray<X509Certificate2> trusted)
    {
        try
        {
            string reason = Check(image, file, digests, revoked, trusted);
            // shim's own loader demands .sbat; a boot loader that asks through the protocol may bring images without.
            string sbat = image.FindSection(".sbat") is null ? "; without .sbat only a boot loader may load it through shim" : "";
            return new(Consumer.Shim, Answer.Accepts, reason + sbat);
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Shim, refused);
        }
    }

    private static string Check(
        PeImage image, Layout file, Lazy<ReadDigests> known, Revocations revoked, ImmutableArray<X509Certificate2> trusted)
    {
        PeCanonical.Require(image, file);
        ReadDigests digests = known.Value;
        if (revoked.Contains(digests.Of(HashAlgorithmName.SHA256)))
            throw VerifyErrors.Revoked.With($"the image's SHA-256 digest {digests.Hex(HashAlgorithmName.SHA256)}");
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        if (entries.IsEmpty)
            throw VerifyErrors.Unsigned.With();

        string? accepted = null;
        KexecSignException? firstRefusal = null;
        for (int i = 0; i < entries.Length; i++)
        {
            AuthenticodeSignature signature = AuthenticodeSignature.Decode(entries[i].Pkcs7());
            // EDK2 asks of every certificate in dbx whether the signature leads to it, not only whether it travels along.
            if (signature.Certificates.Select(c => revoked.Find(c, signature.Certificates)).FirstOrDefault(c => c is not null) is { } bad)
                throw VerifyErrors.Revoked.With($"the certificate of {bad.Subject}");
            try
            {
                string reason = CheckEntry(i, signature, digests, trusted);
                accepted ??= reason;
            }
            catch (KexecSignException refused)
            {
                firstRefusal ??= refused;
            }
        }
        return accepted ?? throw firstRefusal!;
    }

    private static string CheckEntry(int index, AuthenticodeSignature signature, ReadDigests digests, ImmutableArray<X509Certificate2> trusted)
    {
        SpcIndirectData signed = signature.IndirectData;
        byte[] actual = digests.Of(signed.Hash);
        if (!actual.AsSpan().SequenceEqual(signed.Digest.Span))
            throw VerifyErrors.DigestDiffers.With(index, Convert.ToHexStringLower(signed.Digest.Span), Convert.ToHexStringLower(actual));
        string name = signature.Signer?.Subject ?? "a certificate that is not included";
        if (signature.Signer is not { } signer || !signature.SignaturesHold())
            throw VerifyErrors.SignatureWrong.With(index, name);
        if (signature.SignatureAlgorithm.StartsWith(EcdsaPrefix, StringComparison.Ordinal))
            throw VerifyErrors.FirmwareWantsRsa.With(index, signature.SignatureAlgorithm);
        if (trusted.IsEmpty)
            return $"signature {index} by {name} holds";
        X509Certificate2 anchor = CertificateTrust.Find(signer, signature.Certificates, trusted)
            ?? throw VerifyErrors.NotTrusted.With(index, name, trusted.Length);
        return $"signature {index} by {name} holds and leads to {anchor.Subject}";
    }
}
