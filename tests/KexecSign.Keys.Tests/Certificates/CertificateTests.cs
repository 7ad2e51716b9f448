using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Certificates;

public sealed class CertificateTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-cert-");
    private readonly Keyring _keyring = new();

    public void Dispose()
    {
        _keyring.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public void Reads_PEM_with_its_chain_in_order_and_DER()
    {
        X509Certificate2 first = SoftHsm.SelfSigned(Key("first"), "first");
        X509Certificate2 second = SoftHsm.SelfSigned(Key("second"), "second");
        string pem = In("chain.pem");
        File.WriteAllText(pem, "subject=first\n" + first.ExportCertificatePem() + "\n" + second.ExportCertificatePem() + "\n");
        _keyring.OpenCertificates("file:" + pem, new(), default).Select(certificate => certificate.Subject).ShouldBe(["CN=first", "CN=second"]);
        string der = In("first.der");
        File.WriteAllBytes(der, first.RawData);
        _keyring.OpenCertificates(der, new(), default).ShouldHaveSingleItem().Subject.ShouldBe("CN=first");
    }

    [Fact]
    public void Refuses_a_certificate_of_another_key_naming_both()
    {
        ISigningKey mine = Key("mine");
        ISigningKey other = Key("other");
        using X509Certificate2 certificate = SoftHsm.SelfSigned(other, "other");
        CertificateMatch.Require(other, certificate);
        string message = Refusal.Of("KS2062", () => CertificateMatch.Require(mine, certificate)).Message;
        message.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(mine.SubjectPublicKeyInfo.Span)));
        message.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(other.SubjectPublicKeyInfo.Span)));
    }

    [SkippableFact]
    public void Subject_key_identifier_is_what_openssl_shows_or_SHA1_of_the_key_bits()
    {
        Tool.Require("openssl");
        ISigningKey key = Key("key");
        using X509Certificate2 with = SoftHsm.SelfSigned(key, "with");
        string pem = In("with.pem");
        File.WriteAllText(pem, with.ExportCertificatePem());
        string shown = Tool.Ask("openssl", "x509", "-in", pem, "-noout", "-ext", "subjectKeyIdentifier").Output;
        string hex = string.Join(':', SubjectKeyIdentifier.Of(with).Select(octet => $"{octet:X2}"));
        shown.ShouldContain(hex);

        var publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        var request = new CertificateRequest(new X500DistinguishedName("CN=without"), publicKey, HashAlgorithmName.SHA256);
        using X509Certificate2 without = request.Create(request.SubjectName, new SigningKeyGenerator(key), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1), [1]);
        SubjectKeyIdentifier.Of(without).ShouldBe(SubjectKeyIdentifier.Of(with));
    }

    [Fact]
    public void Refuses_what_is_no_certificate()
    {
        Refusal.Of("KS2060", () => _keyring.OpenCertificates("/nonexistent.pem", new(), default));
        File.WriteAllText(In("bad"), "nothing");
        Refusal.Of("KS2061", () => _keyring.OpenCertificates(In("bad"), new(), default));
        File.WriteAllText(In("broken"), "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        Refusal.Of("KS2061", () => _keyring.OpenCertificates(In("broken"), new(), default));
    }

    private ISigningKey Key(string name)
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(In(name), ecdsa.ExportPkcs8PrivateKeyPem());
        return _keyring.OpenKey(In(name), new(), default);
    }

    private string In(string name) => Path.Combine(_root.FullName, name);
}
