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
/// What shim 16.1 does with a PE image that a boot loader shows it: verify.c, shim_verify(), verify_buffer_authenticode() and
/// verify_buffer_sbat(). One signature that holds is enough, whatever becomes of the others; only the image's own digest in dbx forbids it.
/// </summary>
internal static class ShimCheck
{
    private const string Authenticode = "shim verify.c, verify_buffer_authenticode()";
    private const string Denylist = "shim verify.c, check_denylist()";
    private const string Sbat = "shim sbat.c, verify_sbat_helper()";

    private const string ModuleSigning = "1.3.6.1.4.1.2312.16.1.2";

    /// <summary>The verdict, and the signature that it rests on.</summary>
    public static (Verdict Verdict, AuthenticodeSignature? Signature) AsShim(
        PeImage image, Layout file, ReadDigests digests, VerifyLists lists, ImmutableArray<X509Certificate2> trusted)
    {
        try
        {
            PeLoaders.RequireForShim(image, file);
            digests.Require();
            (string reason, SignedEntry? entry) = Decide(image, file, digests, lists, trusted);
            SbatSection sbat = SbatSection.Read(image, file);
            if (lists.SbatLevel is { } level && sbat.Table?.RevokedBy(level) is { } revoked)
                throw VerifyErrors.SbatRevoked.With(revoked.Entry.Component, revoked.Entry.Generation, revoked.Wanted, Sbat);
            return (
                new(Consumer.Shim, Answer.Accepts, reason + Told(sbat.Table))
                {
                    Warnings = [.. OddImages.Warnings(image, file, digests), .. sbat.Oddities, .. entry?.Weaknesses() ?? []],
                },
                entry?.Signature);
        }
        catch (KexecSignException refused)
        {
            return (Verdict.Refused(Consumer.Shim, refused), null);
        }
    }

    private static (string Reason, SignedEntry? Entry) Decide(
        PeImage image, Layout file, ReadDigests digests, VerifyLists lists, ImmutableArray<X509Certificate2> trusted)
    {
        byte[] digest = digests.AsShim(HashAlgorithmName.SHA256);
        string told = $"SHA256 digest {Convert.ToHexStringLower(digest)}";
        // MokListX is asked for SHA-256 alone.
        if (Holds(lists.Revoked, digests, digest) || lists.OwnerRevoked.Holds(HashAlgorithmName.SHA256, digest))
            throw VerifyErrors.Revoked.With($"the image's {told}", Denylist);
        if (Holds(lists.Allowed, digests, digest))
            return ($"its {told} is in db", null);
        if (image.CertificateTable.Size == 0)
            throw VerifyErrors.Unsigned.With(Authenticode);

        ImmutableArray<X509Certificate2> given = [.. trusted, .. lists.Allowed.FirstCertificates, .. lists.OwnerCertificates];
        ImmutableArray<X509Certificate2> anchors = [.. given.Where(IsTaken)];
        ImmutableArray<X509Certificate2> revoked =
            [.. lists.Revoked.FirstCertificates.Concat(lists.OwnerRevoked.FirstCertificates).Where(IsTaken)];
        bool named = !given.IsEmpty || lists.Allowed != SignatureDatabase.Empty;
        KexecSignException? first = null;
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].Type != CertificateEntry.Pkcs7SignedData)
                continue;
            try
            {
                return OfEntry(SignedEntry.Read(i, entries[i].Der(), Asker.Shim), i, digest, anchors, revoked, given, named);
            }
            catch (KexecSignException refused)
            {
                // verify_one_signature() of the next may succeed.
                first ??= refused;
            }
        }
        throw first ?? VerifyErrors.Unsigned.With(Authenticode);
    }

    private static (string Reason, SignedEntry Entry) OfEntry(
        SignedEntry entry, int index, byte[] digest, ImmutableArray<X509Certificate2> anchors, ImmutableArray<X509Certificate2> revoked,
        ImmutableArray<X509Certificate2> given, bool named)
    {
        entry.RequireAlgorithm();
        if (entry.Signature.IndirectData.Hash != HashAlgorithmName.SHA256)
            throw VerifyErrors.ShimWantsSha256.With(index, entry.Signature.IndirectData.Hash.Name);
        if (revoked.FirstOrDefault(c => entry.IsVouchedForBy(c, digest)) is { } bad)
            throw VerifyErrors.Revoked.With($"the certificate of {CertificateNames.Of(bad)}", Denylist);
        entry.Require(digest);
        if (!named)
            return ($"signature {index} by {entry.SignerName} holds", entry);
        if (anchors.FirstOrDefault(a => entry.IsVouchedForBy(a, digest)) is { } anchor)
            return ($"signature {index} by {entry.SignerName} holds and leads to {CertificateNames.Of(anchor)}", entry);
        if (given.FirstOrDefault(g => !IsTaken(g) && entry.IsVouchedForBy(g, digest)) is { } passed)
            throw VerifyErrors.ShimPassesOver.With(index, entry.SignerName, CertificateNames.Of(passed), ModuleSigning);
        throw entry.NotTrusted(anchors);
    }

    private static bool Holds(SignatureDatabase list, ReadDigests digests, byte[] sha256) =>
        list.Holds(HashAlgorithmName.SHA256, sha256)
        || (list.DigestAlgorithms.Contains(HashAlgorithmName.SHA1.Name)
            && list.Holds(HashAlgorithmName.SHA1, digests.AsShim(HashAlgorithmName.SHA1)));

    /// <summary>
    /// Whether shim looks at a certificate of its lists: verify_x509() wants DER with a length of two bytes, verify_eku() none that is for
    /// modules.
    /// </summary>
    internal static bool IsTaken(X509Certificate2 certificate) =>
        certificate.RawDataMemory.Span is [0x30, 0x82, ..] && !certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
            .Any(e => e.EnhancedKeyUsages.Cast<Oid>().Any(o => o.Value == ModuleSigning));

    // SBAT is asked of what shim itself starts; what a boot loader shows it may come without.
    private static string Told(SbatTable? table) => table is null
        ? "; without .sbat only a boot loader may load it through shim"
        : $"; SBAT: {string.Join(", ", table.Entries.Select(e => $"{e.Component} {e.Generation}"))}";
}
