using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Hostile;

/// <summary>All that the product asks of a file, asked of any bytes; the mutation tests and the fuzzer ask the same.</summary>
internal static class Questions
{
    /// <summary>What is asked of a PE image.</summary>
    public static void OfPe(byte[] bytes)
    {
        Layout file = Layout.Of(bytes);
        PeImage image = PeReader.Read(file);
        KernelImage.TryParse(bytes);
        int violations = PeCanonical.Violations(image, file).Count();
        foreach (CertificateEntry entry in CertificateTable.Read(image, file))
            OfSignature(AuthenticodeSignature.Decode(entry.Pkcs7()));
        byte[] flat = AuthenticodeDigest.Compute(file, AuthenticodeDigest.FlatRanges(image), HashAlgorithmName.SHA256);
        if (violations == 0 && !image.IsSigned)
            PeEditor.AddSection(file, ".bpf", Layout.Of(new byte[8]), 0);
        PeCanonical.Require(image, file);
        CertificateTable.Strip(image, file);
        // Of a canonical image both ways to read the specification must hash the same bytes, or two consumers see two images.
        byte[] sections = AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(image), HashAlgorithmName.SHA256);
        if (!sections.AsSpan().SequenceEqual(flat))
            throw new InvalidOperationException($"by sections its digest is {Convert.ToHexStringLower(sections)}, flat it is {Convert.ToHexStringLower(flat)}");
    }

    /// <summary>What 'inspect' and 'verify' ask of a signature.</summary>
    public static void OfSignature(AuthenticodeSignature signature)
    {
        _ = signature.Certificates.Select(c => (c.Subject, c.NotAfter)).ToList();
        _ = (signature.Signer?.Subject, signature.SignatureAlgorithm, signature.SigningTime, signature.SignerHash);
        signature.SignaturesHold();
    }
}
