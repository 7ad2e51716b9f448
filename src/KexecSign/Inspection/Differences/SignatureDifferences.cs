using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Judging;

namespace KexecSign.Inspection.Differences;

/// <summary>How the certificate tables of two images differ: signature by signature, and why.</summary>
internal static class SignatureDifferences
{
    /// <summary>The differences in table order.</summary>
    public static IEnumerable<FileDifference> Of(ComparedImage before, ComparedImage now, string level, RunContext context)
    {
        PeDirectory old = before.Image.CertificateTable, table = now.Image.CertificateTable;
        if (old != table)
            yield return new(level, DifferenceKind.CertificateTable, "certificate table", $"{Place(old)} -> {Place(table)}")
            { Offset = table.Address };
        if (Table(before) is not { } oldBytes || Table(now) is not { } bytes)
            yield break;
        if (ByteComparison.Of(oldBytes, bytes, table.Address, context) is not { } compared)
            yield break;
        if (Entries(before) is not { } oldEntries || Entries(now) is not { } entries)
        {
            yield return new(level, DifferenceKind.CertificateTable, "certificate table", compared.Says)
            { Offset = table.Address + compared.First, Bytes = compared.Count };
            yield break;
        }
        bool found = false;
        for (int i = 0; i < Math.Max(oldEntries.Length, entries.Length); i++)
        {
            CertificateEntry? was = i < oldEntries.Length ? oldEntries[i] : null, entry = i < entries.Length ? entries[i] : null;
            if (was is not null && entry is not null && was.ToBytes().AsSpan().SequenceEqual(entry.ToBytes()))
                continue;
            found = true;
            yield return Compare(was, entry, i, level);
        }
        // What stands between or behind the entries.
        if (!found)
            yield return new(level, DifferenceKind.CertificateTable, "certificate table", compared.Says)
            { Offset = table.Address + compared.First, Bytes = compared.Count };
    }

    private static FileDifference Compare(CertificateEntry? before, CertificateEntry? now, int index, string level)
    {
        string name = $"signature {index}";
        if (now is null)
            return new(level, DifferenceKind.Signature, name, $"that of {Signer(Decode(before!))} is not there any more");
        AuthenticodeSignature? signature = Decode(now);
        if (before is null)
            return new(level, DifferenceKind.Signature, name, $"that of {Signer(signature)} is new") { Offset = now.Offset };
        AuthenticodeSignature? old = Decode(before);
        if (old is null || signature is null)
            return new(level, DifferenceKind.Signature, name, "its bytes differ, and one of the two cannot be read")
            { Offset = now.Offset };
        (string says, string? because) = How(old, signature, before, now);
        return new(level, DifferenceKind.Signature, name, says) { Offset = now.Offset, Because = because };
    }

    private static (string Says, string? Because) How(AuthenticodeSignature before, AuthenticodeSignature now, CertificateEntry oldEntry,
        CertificateEntry entry)
    {
        var says = new List<string>();
        if (Fingerprint(before) != Fingerprint(now))
            says.Add($"signer {Signer(before)} -> {Signer(now)}");
        if (before.IndirectData.Hash != now.IndirectData.Hash)
            says.Add($"digest {before.IndirectData.Hash.Name} -> {now.IndirectData.Hash.Name}");
        bool another = !before.IndirectData.Digest.Span.SequenceEqual(now.IndirectData.Digest.Span);
        if (another)
            says.Add($"image digest {Short(before.IndirectData.Digest.Span)} -> {Short(now.IndirectData.Digest.Span)}");
        if (before.SigningTime != now.SigningTime)
            says.Add($"signing time {Time(before)} -> {Time(now)}");
        if (before.TimestampTokens.Length != now.TimestampTokens.Length)
            says.Add($"timestamps {before.TimestampTokens.Length} -> {now.TimestampTokens.Length}");
        if (!before.Certificates.Select(c => c.Thumbprint).SequenceEqual(now.Certificates.Select(c => c.Thumbprint))
            && Fingerprint(before) == Fingerprint(now))
            says.Add($"certificates that it carries {before.Certificates.Length} -> {now.Certificates.Length}");
        if (says.Count > 0)
            return (string.Join(", ", says), another && Fingerprint(before) == Fingerprint(now) ? "it was made over other bytes" : null);
        if (!before.SignatureValue.Span.SequenceEqual(now.SignatureValue.Span))
            return ("the signature's value differs, by the same signer over the same image",
                "keys of ECDSA make another one each time, and one that does not hold differs too");
        return oldEntry.Padding.Span.SequenceEqual(entry.Padding.Span)
            ? ("its bytes differ beside digest, signer and value", "attributes or encoding") : ("the bytes that fill it up differ", null);
    }

    private static Layout? Table(ComparedImage image) =>
        image.Image.IsSigned ? image.File.Slice(image.Image.CertificateTable.Address, image.Image.CertificateTable.Size) : Layout.Empty;

    private static CertificateEntry[]? Entries(ComparedImage image)
    {
        try
        {
            return image.Image.IsSigned ? [.. CertificateTable.Read(image.Image, image.File)] : [];
        }
        catch (KexecSignException)
        {
            return null;
        }
    }

    private static AuthenticodeSignature? Decode(CertificateEntry entry)
    {
        try
        {
            return AuthenticodeSignature.Decode(entry.Pkcs7());
        }
        catch (Exception broken) when (broken is KexecSignException or CryptographicException or AsnContentException)
        {
            return null;
        }
    }

    // Enough to tell two apart; 'inspect' shows all of it.
    private static string Short(ReadOnlySpan<byte> digest) => Convert.ToHexStringLower(digest)[..Math.Min(16, 2 * digest.Length)] + "...";

    private static string? Fingerprint(AuthenticodeSignature signature) => signature.Signer?.GetCertHashString(HashAlgorithmName.SHA256);

    private static string Signer(AuthenticodeSignature? signature) =>
        signature?.Signer is { } signer
            ? $"{CertificateNames.Of(signer)} ({signer.GetCertHashString(HashAlgorithmName.SHA256)[..16].ToLowerInvariant()})"
            : "somebody unnamed";

    private static string Time(AuthenticodeSignature signature) => signature.SigningTime is { } time ? $"{time:u}" : "none";

    private static string Place(PeDirectory table) =>
        table is { Address: 0, Size: 0 } ? "none" : $"0x{table.Size:x} bytes at 0x{table.Address:x}";
}
