using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Images;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Judging;

/// <summary>
/// What firmware does with a PE image: EDK2, SecurityPkg/Library/DxeImageVerificationLib/DxeImageVerificationLib.c,
/// DxeImageVerificationHandler(). Any signature may be the one that counts, but one that dbx forbids forbids the image. What is not the
/// same in each release and build stands in <see cref="FirmwareRules"/>.
/// </summary>
internal static class FirmwareCheck
{
    private const string Handler = "EDK2 DxeImageVerificationLib.c, DxeImageVerificationHandler()";
    private const string Forbidden = "EDK2 DxeImageVerificationLib.c, IsForbiddenByDbx()";
    private const string Allowed = "EDK2 DxeImageVerificationLib.c, IsAllowedByDb()";

    // WIN_CERT_TYPE_EFI_GUID: a GUID for the type in front of the content.
    private const ushort TypeEfiGuid = 0x0EF1;
    private const int GuidSize = 16;

    // HashPeImageByType() looks for the digest's identifier where DER with lengths of two bytes has it, and nowhere else.
    private const int DigestOidOffset = 32;

    // From the last of mHash to the first.
    private static readonly ImmutableArray<HashAlgorithmName> Algorithms =
        [HashAlgorithmName.SHA512, HashAlgorithmName.SHA384, HashAlgorithmName.SHA256, HashAlgorithmName.SHA1];

    private static readonly ImmutableArray<(byte[] Oid, HashAlgorithmName Algorithm)> DigestOids =
    [
        ([0x2B, 0x0E, 0x03, 0x02, 0x1A], HashAlgorithmName.SHA1),
        ([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], HashAlgorithmName.SHA256),
        ([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], HashAlgorithmName.SHA384),
        ([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], HashAlgorithmName.SHA512),
    ];

    /// <summary>The verdict, and the signature that it rests on.</summary>
    public static (Verdict Verdict, AuthenticodeSignature? Signature) AsFirmware(
        PeImage image, Layout file, ReadDigests digests, VerifyLists lists, ImmutableArray<X509Certificate2> trusted, FirmwareModel model)
    {
        try
        {
            PeLoaders.RequireForFirmware(image);
            digests.Require();
            Vouched vouched = Decide(image, file, digests, lists, [.. trusted, .. lists.Allowed.Certificates], model);
            return (new(Consumer.Firmware, Answer.Accepts, vouched.Reason + By(model))
            { Warnings = [.. OddImages.Warnings(image, file, digests), .. vouched.Entry?.Weaknesses() ?? []] },
                vouched.Entry?.Signature);
        }
        catch (KexecSignException refused)
        {
            var verdict = Verdict.Refused(Consumer.Firmware, refused);
            return (verdict with { Reason = verdict.Reason.TrimEnd('.') + By(model) }, null);
        }
    }

    private static Vouched Decide(PeImage image, Layout file, ReadDigests digests, VerifyLists lists,
        ImmutableArray<X509Certificate2> anchors, FirmwareModel model)
    {
        if (image.CertificateTable.Size == 0)
            return Unsigned(digests, lists, model);
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        // The handler walks by steps of 8 and wants to end where the table ends.
        if (entries.Length != 0 && Alignment.Up(entries[^1].Offset + entries[^1].Length - image.CertificateTable.Address,
            8) > image.CertificateTable.Size)
            throw VerifyErrors.TableEnd.With(entries[^1].Offset, entries[^1].Length,
                image.CertificateTable.Address + (long)image.CertificateTable.Size, Handler);
        bool named = !anchors.IsEmpty || lists.Allowed != SignatureDatabase.Empty;
        var asker = Asker.Firmware(model);
        Vouched? verified = null;
        KexecSignException? first = null;
        for (int i = 0; i < entries.Length; i++)
        {
            if (Content(entries[i]) is not { } content)
                continue;
            if (HashOf(content.Span) is not { } algorithm)
            {
                first ??= VerifyErrors.DigestUnknownThere.With(i, DigestOidOffset);
                continue;
            }
            byte[] digest = digests.Of(algorithm);
            SignedEntry? entry = Read(i, content, asker, ref first);
            RequireAllowedByDbx(entry, i, digest, algorithm, lists.Revoked);
            if (verified is null)
                verified = Verified(entry, i, digest, lists, anchors, named, ref first);
            if (lists.Revoked.Holds(algorithm, digest))
                throw VerifyErrors.Revoked.With($"the image's {Named(algorithm, digest)}", Handler);
            if (verified is null && lists.Allowed.Holds(algorithm, digest))
                verified = new($"its {Named(algorithm, digest)} is in db", null);
        }
        return verified ?? throw first ?? VerifyErrors.Unsigned.With(Handler);
    }

    private static Vouched Unsigned(ReadDigests digests, VerifyLists lists, FirmwareModel model)
    {
        Vouched? allowed = null;
        ImmutableArray<HashAlgorithmName> looked = model.Has(FirmwareRule.UnsignedDigests) ? Algorithms : [HashAlgorithmName.SHA256];
        foreach (HashAlgorithmName algorithm in looked.Where(a => lists.Names(a)))
        {
            byte[] digest = digests.Of(algorithm);
            if (lists.Revoked.Holds(algorithm, digest))
                throw VerifyErrors.Revoked.With($"the image's {Named(algorithm, digest)}", Handler);
            if (lists.Allowed.Holds(algorithm, digest))
                allowed = new($"its {Named(algorithm, digest)} is in db", null);
        }
        return allowed ?? throw VerifyErrors.Unsigned.With(Handler);
    }

    private static SignedEntry? Read(int index, ReadOnlyMemory<byte> content, Asker asker, ref KexecSignException? first)
    {
        try
        {
            return SignedEntry.Read(index, content, asker);
        }
        catch (KexecSignException broken)
        {
            first ??= broken;
            return null;
        }
    }

    private static void RequireAllowedByDbx(SignedEntry? entry, int index, byte[] digest, HashAlgorithmName algorithm,
        SignatureDatabase revoked)
    {
        if (revoked.IsEmpty)
            return;
        if (entry is not null && revoked.Certificates.FirstOrDefault(c => entry.IsVouchedForBy(c, digest)) is { } bad)
            throw VerifyErrors.Revoked.With($"the certificate of {CertificateNames.Of(bad)}", Forbidden);
        // Pkcs7GetSigners(): a signature whose signers cannot be told is as bad as a revoked one once there is a dbx.
        if (entry is not { HasAllSigners: true })
            throw VerifyErrors.SignersUnknown.With(index, Forbidden);
        if (entry.Signers.FirstOrDefault(revoked.HoldsHashOf) is { } hashed)
            throw VerifyErrors.Revoked.With($"the certificate of {CertificateNames.Of(hashed)}", Forbidden);
    }

    private static Vouched? Verified(
        SignedEntry? entry, int index, byte[] digest, VerifyLists lists, ImmutableArray<X509Certificate2> anchors, bool named,
            ref KexecSignException? first)
    {
        if (entry is null)
            return null;
        try
        {
            entry.Require(digest);
            if (!named)
                return new($"signature {index} by {entry.SignerName} holds", entry);
            X509Certificate2 anchor = anchors.FirstOrDefault(a => entry.IsVouchedForBy(a, digest)) ?? throw entry.NotTrusted(anchors);
            // The first that vouches is the one: when its hash is in dbx no other is asked.
            return lists.Revoked.HoldsHashOf(anchor)
                ? throw VerifyErrors.Revoked.With($"the certificate of {CertificateNames.Of(anchor)}", Allowed)
                : new($"signature {index} by {entry.SignerName} holds and leads to {CertificateNames.Of(anchor)}", entry);
        }
        catch (KexecSignException refused) when (Failure.IsAnswer(refused))
        {
            first ??= refused;
            return null;
        }
    }

    private static ReadOnlyMemory<byte>? Content(CertificateEntry entry)
    {
        if (entry.Type == CertificateEntry.Pkcs7SignedData)
            return entry.Content;
        bool isPkcs7 = entry.Type == TypeEfiGuid && entry.Content.Length > GuidSize
            && new Guid(entry.Content.Span[..GuidSize]) == EfiGuids.CertTypePkcs7;
        return isPkcs7 ? entry.Content[GuidSize..] : null;
    }

    private static HashAlgorithmName? HashOf(ReadOnlySpan<byte> signature)
    {
        // TWO_BYTE_ENCODE.
        if (signature.Length > 1 && (signature[1] & 0x82) != 0x82)
            return null;
        foreach ((byte[] oid, HashAlgorithmName algorithm) in DigestOids)
        {
            if (signature.Length >= DigestOidOffset + oid.Length && signature[DigestOidOffset..].StartsWith(oid))
                return algorithm;
        }
        return null;
    }

    private static string By(FirmwareModel model) => $" (by the rules of {model.Word})";

    private static string Named(HashAlgorithmName algorithm, byte[] digest) =>
        $"{algorithm.Name} digest {Convert.ToHexStringLower(digest)}";

    private sealed record Vouched(string Reason, SignedEntry? Entry);
}
