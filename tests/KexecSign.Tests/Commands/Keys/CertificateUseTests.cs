using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Commands.Keys;

namespace KexecSign.Tests.Commands.Keys;

public sealed class CertificateUseTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(true, null, X509KeyUsageFlags.KeyCertSign, "certificates", "db, MOK")]
    [InlineData(false, "1.3.6.1.5.5.7.3.3", X509KeyUsageFlags.DigitalSignature, "EFI images", ".platform")]
    [InlineData(false, null, X509KeyUsageFlags.DigitalSignature, "IMA", ".ima")]
    [InlineData(false, "1.3.6.1.5.5.7.3.1", X509KeyUsageFlags.DigitalSignature, "nothing", "none")]
    [InlineData(false, null, X509KeyUsageFlags.KeyEncipherment, "nothing", "none")]
    public void Says_what_a_certificate_is_good_for_and_where_it_must_be(bool ca, string? purpose, X509KeyUsageFlags usage, string goodFor, string keyring)
    {
        using X509Certificate2 certificate = Certificate(-1, 1, ca, purpose, usage);
        CertificateUse use = CertificateUse.Of(certificate);
        use.GoodFor.ShouldStartWith(goodFor);
        use.Keyrings.ShouldContain(keyring);
    }

    [Theory]
    [InlineData(-10, 400, "valid for 400 days", false)]
    [InlineData(-10, 3650, "valid for 10 years", false)]
    [InlineData(-10, 90, "expires in 90 days", true)]
    [InlineData(-10, 0.5, "expires in less than a day", true)]
    [InlineData(-10, -1.5, "expired 1 day ago", true)]
    [InlineData(3.5, 400, "valid in 3 days", false)]
    public void Says_expiry_in_plain_words(double from, double until, string words, bool care)
    {
        using X509Certificate2 certificate = Certificate(from, until, false, null, X509KeyUsageFlags.DigitalSignature);
        Validity.Of(certificate, Now).ShouldBe(words);
        Validity.NeedsCare(certificate, Now).ShouldBe(care);
    }

    private static X509Certificate2 Certificate(double from, double until, bool ca, string? purpose, X509KeyUsageFlags usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=use", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(ca, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        if (purpose is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        return request.CreateSelfSigned(Now.AddDays(from), Now.AddDays(until));
    }
}
