using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Images;

namespace KexecSign.Judging;

/// <summary>
/// What firmware and shim do with a PE image: any entry of the certificate table may be the one that is trusted, but none
/// may be revoked (EDK2 DxeImageVerificationLib; shim's verify_buffer). Both were seen to refuse ECDSA.
/// </summary>
internal static class FirmwareCheck
{
    // Firmware loads it into memory; those in the field are a few hundred bytes.
    private const int MaxSbat = 64 * 1024;

    private const string EcdsaPrefix = "1.2.840.10045.";

    /// <summary>The verdict as firmware, and the signature that it rests on.</summary>
    public static (Verdict Verdict, AuthenticodeSignature? Signature) AsFirmware(
        PeImage image, Layout file, ReadDigests digests, VerifyLists lists, ImmutableArray<X509Certificate2> trusted)
    {
        try
        {
            if (image.Subsystem != PeConstants.EfiApplication)
                throw VerifyErrors.NotEfiApplication.With(image.Subsystem, PeConstants.EfiApplication);
            (string reason, AuthenticodeSignature? signature) = Check(image, file, digests, new(lists.Allowed, [lists.Revoked], [.. trusted, .. lists.Allowed.Certificates]));
            return (new(Consumer.Firmware, Answer.Accepts, reason), signature);
        }
        catch (KexecSignException refused)
        {
            return (Verdict.Refused(Consumer.Firmware, refused), null);
        }
    }

    /// <summary>The verdict as shim, and the signature that it rests on.</summary>
    public static (Verdict Verdict, AuthenticodeSignature? Signature) AsShim(
        PeImage image, Layout file, ReadDigests digests, VerifyLists lists, ImmutableArray<X509Certificate2> trusted)
    {
        try
        {
            (string reason, AuthenticodeSignature? signature) = Check(image, file, digests, new(
                lists.Allowed, [lists.Revoked, lists.OwnerRevoked], [.. trusted, .. lists.Allowed.Certificates, .. lists.OwnerCertificates])
            { OnlyHash = HashAlgorithmName.SHA256 });
            return (new(Consumer.Shim, Answer.Accepts, reason + CheckSbat(image, file, lists.SbatLevel)), signature);
        }
        catch (KexecSignException refused)
        {
            return (Verdict.Refused(Consumer.Shim, refused), null);
        }
    }

    // verify_buffer_sbat(): shim's own loader demands .sbat; a boot loader that asks through the protocol may bring images without.
    private static string CheckSbat(PeImage image, Layout file, SbatTable? level)
    {
        if (image.FindSection(".sbat") is not { } section)
            return "; without .sbat only a boot loader may load it through shim";
        Layout content = PeEditor.SectionContent(image, file, section.Name);
        if (content.Length > MaxSbat)
            throw VerifyErrors.SbatTooLarge.With(content.Length, MaxSbat);
        var table = SbatTable.ReadSection(content.ReadBytes(0, section.VirtualSize == 0 ? content.Length : Math.Min(section.VirtualSize, content.Length)));
        if (level is not null && table.RevokedBy(level) is { } revoked)
            throw VerifyErrors.SbatRevoked.With(revoked.Entry.Component, revoked.Entry.Generation, revoked.Wanted);
        return $"; SBAT: {string.Join(", ", table.Entries.Select(e => $"{e.Component} {e.Generation}"))}";
    }

    private static (string Reason, AuthenticodeSignature? Signature) Check(PeImage image, Layout file, ReadDigests digests, Trust trust)
    {
        // Bytes behind the last section are in every hash when there are no gaps: not ours to sign, but signed.
        if (digests.Violations.FirstOrDefault(v => v.Code != FormatErrors.TrailingBytes || !digests.Agree) is { } violation)
            throw violation;
        if (trust.Revoked.Select(r => r.FindDigest(digests)).FirstOrDefault(d => d is not null) is { } revoked)
            throw VerifyErrors.Revoked.With($"the image's {revoked}");
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        string? allowed = trust.Allowed.FindDigest(digests, trust.OnlyHash);
        if (entries.IsEmpty)
            return allowed is null ? throw VerifyErrors.Unsigned.With() : ($"its {allowed} is in db", null);

        (string, AuthenticodeSignature?)? accepted = null;
        KexecSignException? firstRefusal = null;
        for (int i = 0; i < entries.Length; i++)
        {
            AuthenticodeSignature signature = AuthenticodeSignature.Decode(entries[i].Pkcs7());
            // EDK2 asks of every certificate in dbx whether the signature leads to it, not only whether it travels along.
            if (trust.Revoked.SelectMany(r => signature.Certificates.Select(c => r.Find(c, signature.Certificates))).FirstOrDefault(c => c is not null) is { } bad)
                throw VerifyErrors.Revoked.With($"the certificate of {bad.Subject}");
            try
            {
                string reason = CheckEntry(i, signature, digests, trust);
                accepted ??= (reason, signature);
            }
            catch (KexecSignException refused)
            {
                firstRefusal ??= refused;
            }
        }
        return accepted ?? (allowed is null ? throw firstRefusal! : ($"its {allowed} is in db", null));
    }

    private static string CheckEntry(int index, AuthenticodeSignature signature, ReadDigests digests, Trust trust)
    {
        SpcIndirectData signed = signature.IndirectData;
        byte[] actual = digests.Of(signed.Hash);
        if (!actual.AsSpan().SequenceEqual(signed.Digest.Span))
            throw VerifyErrors.DigestDiffers.With(index, Convert.ToHexStringLower(signed.Digest.Span), Convert.ToHexStringLower(actual));
        // Before the hash: with ML-DSA it is always SHA-512, and another would not help.
        if (Oids.IsMlDsa(signature.SignatureAlgorithm))
            throw VerifyErrors.FirmwareWantsRsa.With(index, $"ML-DSA ({signature.SignatureAlgorithm})");
        if (trust.OnlyHash is { } only && signed.Hash != only)
            throw VerifyErrors.ShimWantsSha256.With(index, signed.Hash.Name);
        string name = signature.Signer?.Subject ?? "a certificate that is not included";
        if (signature.Signer is not { } signer || !signature.SignaturesHold())
            throw VerifyErrors.SignatureWrong.With(index, name);
        if (!signature.ListsSignerHash)
            throw VerifyErrors.DigestNotListed.With(index, string.Join(", ", signature.DigestAlgorithms), signature.SignerHash.Name);
        if (signature.SignatureAlgorithm.StartsWith(EcdsaPrefix, StringComparison.Ordinal))
            throw VerifyErrors.FirmwareWantsRsa.With(index, signature.SignatureAlgorithm);
        if (!trust.IsNamed)
            return $"signature {index} by {name} holds";
        X509Certificate2 anchor = CertificateTrust.Find(signer, signature.Certificates, trust.Certificates)
            ?? throw VerifyErrors.NotTrusted.With(index, name, trust.Certificates.Length);
        return $"signature {index} by {name} holds and leads to {anchor.Subject}";
    }

    private sealed record Trust(SignatureDatabase Allowed, ImmutableArray<SignatureDatabase> Revoked, ImmutableArray<X509Certificate2> Certificates)
    {
        /// <summary>The algorithm whose image digests allow anything; null for all.</summary>
        public HashAlgorithmName? OnlyHash { get; init; }

        /// <summary>Whether anyone is trusted at all; without, only the arithmetic is checked.</summary>
        public bool IsNamed => !Certificates.IsEmpty || Allowed != SignatureDatabase.Empty;
    }
}
