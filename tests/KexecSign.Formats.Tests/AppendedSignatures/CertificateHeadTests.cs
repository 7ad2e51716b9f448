using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.AppendedSignatures;

namespace KexecSign.Formats.Tests.AppendedSignatures;

/// <summary>A certificate's parts without a cryptographic library, held against what the library reads.</summary>
public sealed class CertificateHeadTests
{
    [Theory]
    [InlineData("rsa2048")]
    [InlineData("p256")]
    [InlineData("p384")]
    public void It_reads_what_the_library_reads(string name)
    {
        X509Certificate2 certificate = TestSigners.Named(name).Certificate;
        foreach (byte[] file in new[] { certificate.RawData, Encoding.ASCII.GetBytes("for people\n" + certificate.ExportCertificatePem() + "\n") })
        {
            CertificateHead head = CertificateHead.TryRead(file).ShouldNotBeNull();
            head.Name.IssuerAndSerial.ToArray().ShouldBe(SignerName.ByIssuer(certificate).IssuerAndSerial.ToArray());
            head.SubjectPublicKeyInfo.ToArray().ShouldBe(certificate.PublicKey.ExportSubjectPublicKeyInfo());
            head.Subject.ToArray().ShouldBe(certificate.SubjectName.RawData);
        }
    }

    [Fact]
    public void Serial_numbers_are_named_as_they_are_whatever_their_sign()
    {
        foreach (byte[] serial in new byte[][] { [1], [0x7F, 0xFF], [0x00, 0x80], [0xFF, 0x01] })
        {
            using var key = System.Security.Cryptography.RSA.Create(2048);
            var request = new CertificateRequest("CN=serial", key, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
            using X509Certificate2 certificate = request.Create(
                request.SubjectName, X509SignatureGenerator.CreateForRSA(key, System.Security.Cryptography.RSASignaturePadding.Pkcs1),
                DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), serial);
            CertificateHead.TryRead(certificate.RawData).ShouldNotBeNull().Name.IssuerAndSerial.ToArray()
                .ShouldBe(SignerName.ByIssuer(certificate).IssuerAndSerial.ToArray());
        }
    }

    [Fact]
    public void Whatever_is_not_one_certificate_is_for_others_to_read()
    {
        X509Certificate2 certificate = TestSigners.Rsa2048.Certificate;
        string pem = certificate.ExportCertificatePem() + "\n";
        foreach (byte[] file in new byte[][]
        {
            [], [0x30], [0x30, 0x80], [.. certificate.RawData, 0], certificate.RawData[..^1], Encoding.ASCII.GetBytes(pem + pem),
            Encoding.ASCII.GetBytes(pem.Replace("CERTIFICATE", "PKCS7", StringComparison.Ordinal)), "-----BEGIN CERTIFICATE-----\n?\n"u8.ToArray(),
        })
        {
            CertificateHead.TryRead(file).ShouldBeNull();
        }
    }
}
