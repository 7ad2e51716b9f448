using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Rpm;
using KexecSign.Formats.Uefi;
using KexecSign.Zboot;

namespace KexecSign.Inspection;

/// <summary>Files that come with images and are none: packages, enrolment updates, signature lists, PKCS#7, kits.</summary>
internal static class OtherFiles
{
    // Lists of revocations have some hundred KiB, signatures some KiB.
    private const long MaxLength = 16 << 20;
    private const int MostListed = 100;

    /// <summary>What a file is; null when it is none of these.</summary>
    public static InspectResult? Inspect(string name, Layout file, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xED, 0xAB, 0xEE, 0xDB]))
            return Rpm(name, file);
        if (ZbootKit.LooksLike(head))
            return Kit(name, file);
        if (file.Length > MaxLength)
            return null;
        if (SignedUpdate.LooksLike(head))
            return Update(name, file);
        if (head.Length >= 28 && ListName(new Guid(head[..16])) is not null)
            return Lists(name, file);
        return Pkcs7Of(file) is { } pkcs7 ? Pkcs7(name, file, pkcs7) : null;
    }

    private static InspectResult Rpm(string name, Layout file) => Told(name, file, "RPM package", () =>
    {
        var package = RpmPackage.Read(file);
        int content = package.Files.Count(f => !f.Digest.IsEmpty);
        return
        [
            new("files", Number(package.Files.Length)), new("files with content", Number(content)),
            new("digests", content == 0 ? "none" : package.Hash.Name!),
            new("IMA signatures", Number(package.Files.Count(f => !f.ImaSignature.IsEmpty))),
        ];
    });

    private static InspectResult Kit(string name, Layout file) =>
        Told(name, file, "zboot kit", () => [.. KitSummary.Of(ZbootKit.Read(file, name))]);

    private static InspectResult Update(string name, Layout file) => Told(name, file, "signed change of a UEFI variable (.auth)", () =>
    {
        var update = SignedUpdate.Read(file.ReadBytes(0, file.Length));
        return
        [
            new("time", update.Time is { } time ? time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : "none"),
            .. Certificates(update.SignedData).Select(c => new InspectedField("certificate", c)),
            new("value", update.Value.IsEmpty ? "empty: deletes the variable" : $"{update.Value.Length} bytes"),
            .. Entries(update.Value),
        ];
    });

    private static InspectResult Lists(string name, Layout file) =>
        Told(name, file, "EFI signature lists (.esl)", () => [.. Entries(file.ReadBytes(0, file.Length))]);

    private static InspectResult Pkcs7(string name, Layout file, byte[] der) => Told(name, file, "PKCS#7 SignedData", () =>
    {
        try
        {
            var authenticode = AuthenticodeSignature.Decode(der);
            return
            [
                new("content", "Authenticode digest of an image"),
                new("digest", $"{authenticode.IndirectData.Hash.Name} {Convert.ToHexStringLower(authenticode.IndirectData.Digest.Span)}"),
                new("signer", authenticode.Signer?.Subject ?? "not included"),
                new("signature holds", authenticode.IsBeyondJudgement ? "not judged: ML-DSA needs OpenSSL 3.5"
                    : authenticode.SignaturesHold() ? "yes"
                    : "NO"),
            ];
        }
        catch (KexecSignException)
        {
            var cms = new SignedCms();
            cms.Decode(der);
            return
            [
                new("content", cms.ContentInfo.ContentType.Value ?? "none"),
                .. cms.SignerInfos.Cast<SignerInfo>().Select(s =>
                    new InspectedField("signer", s.Certificate?.Subject ?? $"{s.SignerIdentifier.Type}, certificate not included")),
            ];
        }
    });

    private static IEnumerable<InspectedField> Entries(ReadOnlyMemory<byte> value)
    {
        ImmutableArray<SignatureList> lists = SignatureList.ReadAll(value);
        int left = MostListed;
        foreach (SignatureList list in lists)
        {
            string type = ListName(list.Type) ?? list.Type.ToString();
            foreach (SignatureEntry entry in list.Entries.Take(Math.Max(0, left)))
                yield return new(type, list.Type == EfiGuids.CertX509 ? Subject(entry.Data) : Convert.ToHexStringLower(entry.Data.Span));
            left -= list.Entries.Length;
        }
        if (left < 0)
            yield return new("further entries", Number(-left));
    }

    private static string Subject(ReadOnlyMemory<byte> der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
        return $"{certificate.Subject} (SHA-256 {certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()})";
    }

    // SetVariable() takes a bare SignedData; sign-efi-sig-list of some versions writes a whole ContentInfo.
    private static IEnumerable<string> Certificates(ReadOnlyMemory<byte> signedData)
    {
        var cms = new SignedCms();
        cms.Decode(IsContentInfo(signedData.Span) ? signedData.Span : Wrapped(signedData));
        return cms.Certificates.Select(c => c.Subject);
    }

    private static byte[] Wrapped(ReadOnlyMemory<byte> signedData)
    {
        // AsnWriter calls bytes behind a value, or none, a mistake of its caller.
        if (!AsnDecoder.TryReadEncodedValue(signedData.Span, AsnEncodingRules.BER, out _, out _, out _, out int length)
            || length != signedData.Length)
            throw new CryptographicException("the SignedData is not one value of BER");
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.SignedData);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                writer.WriteEncodedValue(signedData.Span);
        }
        return writer.Encode();
    }

    // As DER, as PEM, or as an entry of a certificate table, header in front.
    private static byte[]? Pkcs7Of(Layout file)
    {
        byte[] bytes = file.ReadBytes(0, file.Length);
        if (PemEncoding.TryFind(Encoding.Latin1.GetString(bytes), out PemFields fields)
            && Encoding.Latin1.GetString(bytes)[fields.Label] is "PKCS7" or "CMS")
            bytes = Convert.FromBase64String(Encoding.Latin1.GetString(bytes)[fields.Base64Data]);
        else if (bytes is [_, _, _, _, 0, 2, 2, 0, 0x30, ..])
            bytes = bytes[CertificateEntry.HeaderSize..];
        return IsContentInfo(bytes) ? bytes : null;
    }

    private static bool IsContentInfo(ReadOnlySpan<byte> bytes)
    {
        try
        {
            AsnDecoder.ReadSequence(bytes, AsnEncodingRules.BER, out int at, out _, out _);
            return AsnDecoder.ReadObjectIdentifier(bytes[at..], AsnEncodingRules.BER, out _) == Oids.SignedData;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static string? ListName(Guid type) =>
        type == EfiGuids.CertX509 ? "certificate"
        : type == EfiGuids.CertSha256 ? "SHA-256 digest"
        : type == EfiGuids.CertSha384 ? "SHA-384 digest"
        : type == EfiGuids.CertSha512 ? "SHA-512 digest"
        : type == EfiGuids.CertX509Sha256 ? "SHA-256 of a certificate"
        : type == EfiGuids.CertX509Sha384 ? "SHA-384 of a certificate"
        : type == EfiGuids.CertX509Sha512 ? "SHA-512 of a certificate"
        : null;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    // A broken part becomes a trap, as with images.
    private static InspectResult Told(string name, Layout file, string kind, Func<ImmutableArray<InspectedField>> look)
    {
        var result = new InspectResult { File = name, Size = file.Length, Kind = kind };
        try
        {
            return result with { Fields = look() };
        }
        catch (KexecSignException broken)
        {
            return result with { Traps = [broken.Message] };
        }
        catch (Exception broken) when (broken is CryptographicException or AsnContentException)
        {
            return result with { Traps = [$"it cannot be read to the end: {broken.Message.ReplaceLineEndings(" ")}"] };
        }
    }
}
