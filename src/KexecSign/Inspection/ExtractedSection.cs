using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Formats.Uki;

namespace KexecSign.Inspection;

/// <summary>
/// A section written out: its bytes, or of shim's <c>.vendor_cert</c> the certificates, in a form that <c>--cert</c> takes.
/// </summary>
internal static class ExtractedSection
{
    private const long MaxVendorTable = 1 << 20;

    /// <summary>Writes it.</summary>
    /// <param name="file">The image's bytes.</param>
    /// <param name="name">The section's name.</param>
    /// <param name="output">Where it goes in the end.</param>
    /// <param name="staged">Where it is made.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS1027 when there is no such section, KS4720, KS1609, KS30xx.</exception>
    public static ExtractedPart Write(Layout file, string name, string output, string staged, RunContext context)
    {
        PeImage image = PeReader.Read(file);
        Layout whole = PeEditor.SectionContent(image, file, name);
        PeSection section = image.FindSection(name)!;
        int? count = null;
        Layout content = UkiImage.ContentOf(section, file);
        if (name == VendorCertificates.SectionName)
        {
            string[] certificates = Pem(Read(whole).Trusted);
            content = Layout.Of(Encoding.ASCII.GetBytes(string.Concat(certificates)));
            count = certificates.Length;
        }
        WrittenFile written = WrittenFile.Write(content, staged, [], context);
        return new(name, output, written.Size, written.Sha256, count);
    }

    /// <summary>What shim trusts and revokes by itself, for people.</summary>
    /// <exception cref="KexecSignException">KS4720, KS16xx.</exception>
    public static ImmutableArray<InspectedField> Trusted(PeSection section, Layout file)
    {
        VendorCertificates vendor = Read(file.Slice(section.PointerToRawData, section.SizeOfRawData));
        var fields = ImmutableArray.CreateBuilder<InspectedField>();
        foreach (ReadOnlyMemory<byte> der in vendor.Trusted)
            fields.Add(new("certificate that shim trusts", Describe(der)));
        if (vendor.TrustedDigests != 0)
            fields.Add(new("digests that shim trusts", vendor.TrustedDigests.ToString(CultureInfo.InvariantCulture)));
        fields.Add(new("entries that shim revokes", vendor.Revoked.ToString(CultureInfo.InvariantCulture)));
        return fields.ToImmutable();
    }

    private static VendorCertificates Read(Layout section) =>
        VendorCertificates.Read(section.ReadBytes(0, Math.Min(section.Length, MaxVendorTable)));

    // Read before they are written: whoever takes the file for certificates is to find nothing else in it.
    private static string[] Pem(ImmutableArray<ReadOnlyMemory<byte>> trusted)
    {
        string[] pem = new string[trusted.Length];
        for (int i = 0; i < trusted.Length; i++)
        {
            try
            {
                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(trusted[i].Span);
                pem[i] = certificate.ExportCertificatePem() + "\n";
            }
            catch (CryptographicException broken)
            {
                throw FormatErrors.VendorCertificate.Because(
                    broken, i + 1, trusted.Length, broken.Message.ReplaceLineEndings(" ").TrimEnd('.', ' '));
            }
        }
        return pem;
    }

    private static string Describe(ReadOnlyMemory<byte> der)
    {
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
            return $"{certificate.Subject}, SHA-256 {certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()}";
        }
        catch (CryptographicException)
        {
            return "one that cannot be read";
        }
    }
}
