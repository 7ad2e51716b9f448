using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Signing;

/// <summary>Certificates that came together, where no key is at hand that would say whose signature they are for.</summary>
internal static class CertificateBundle
{
    /// <summary>The same with the signer's in front: the one that issued none of the others.</summary>
    public static IReadOnlyList<X509Certificate2> SignerFirst(IReadOnlyList<X509Certificate2> bundle)
    {
        X509Certificate2? signer = bundle.FirstOrDefault(c =>
            !bundle.Any(other => !ReferenceEquals(other, c) && other.IssuerName.RawData.AsSpan().SequenceEqual(c.SubjectName.RawData)));
        return signer is null || ReferenceEquals(signer, bundle[0]) ? bundle : [signer, .. bundle.Where(c => !ReferenceEquals(c, signer))];
    }
}
