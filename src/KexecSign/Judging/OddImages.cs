using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;

namespace KexecSign.Judging;

/// <summary>What this project would not sign but consumers take: said beside a verdict, not in its place.</summary>
internal static class OddImages
{
    /// <summary>The sentences.</summary>
    public static IEnumerable<string> Warnings(PeImage image, Layout file, ReadDigests digests)
    {
        foreach (KexecSignException violation in digests.Violations)
        {
            // Bytes behind the last section are in every hash when there are no gaps: not ours to sign, but signed.
            if (violation.Code != FormatErrors.TrailingBytes || !digests.Agree)
                yield return violation.Says;
        }
        if (!image.IsSigned)
            yield break;
        foreach (CertificateEntry entry in CertificateTable.Read(image, file))
        {
            if (Surplus(entry) is { } surplus)
                yield return surplus.Says;
            if (entry.Revision != CertificateEntry.Revision2)
                yield return $"the certificate entry at 0x{entry.Offset:x} has revision 0x{entry.Revision:x}; the kernel and other "
                    + $"firmware want 0x{CertificateEntry.Revision2:x}";
        }
    }

    private static KexecSignException? Surplus(CertificateEntry entry)
    {
        try
        {
            return entry.Surplus();
        }
        catch (KexecSignException)
        {
            return null;
        }
    }
}
