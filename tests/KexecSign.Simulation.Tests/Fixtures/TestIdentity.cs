using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Simulation.Tests.Fixtures;

/// <summary>A key and a certificate made for one test run.</summary>
internal sealed class TestIdentity : IDisposable
{
    public static readonly DateTimeOffset NotBefore = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Where the validity of an expired certificate ends.</summary>
    public static readonly DateTimeOffset NotAfter = new(2022, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private TestIdentity(AsymmetricAlgorithm key, X509Certificate2 certificate)
    {
        Key = key;
        Certificate = certificate;
    }

    public AsymmetricAlgorithm Key { get; }

    public X509Certificate2 Certificate { get; }

    public static TestIdentity Of(AsymmetricAlgorithm key, X509Certificate2 certificate) => new(key, certificate);

    public static TestIdentity Rsa(string name, int bits = 2048, TestIdentity? issuer = null, bool expired = false)
    {
        var key = RSA.Create(bits);
        return Make(key, new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), issuer, expired);
    }

    /// <summary>Another key under a certificate with the same names, serial number and key identifiers.</summary>
    public static TestIdentity Impostor(TestIdentity of)
    {
        var key = RSA.Create(2048);
        var request = new CertificateRequest(of.Certificate.SubjectName, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        foreach (X509Extension extension in of.Certificate.Extensions)
            request.CertificateExtensions.Add(extension);
        X509Certificate2 certificate = request.Create(
            of.Certificate.IssuerName, Generator(key), NotBefore, DateTimeOffset.UtcNow.AddYears(1), of.Certificate.SerialNumberBytes.Span);
        return new TestIdentity(key, certificate);
    }

    public static TestIdentity Ec(string name, ECCurve curve)
    {
        var key = ECDsa.Create(curve);
        return Make(key, new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256), issuer: null, expired: false);
    }

    /// <summary>Certificate and key as PEM files in a folder.</summary>
    public (string Key, string Certificate) WriteTo(string folder)
    {
        string key = Path.Combine(folder, Certificate.Thumbprint + ".key"), certificate = Path.Combine(folder, Certificate.Thumbprint + ".crt");
        File.WriteAllText(key, Key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificate, Certificate.ExportCertificatePem());
        return (key, certificate);
    }

    public void Dispose()
    {
        Key.Dispose();
        Certificate.Dispose();
    }

    private static TestIdentity Make(AsymmetricAlgorithm key, CertificateRequest request, TestIdentity? issuer, bool expired)
    {
        var subjectKey = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
        request.CertificateExtensions.Add(subjectKey);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: issuer is null, false, 0, critical: true));
        request.CertificateExtensions.Add(issuer is null
            ? X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(subjectKey)
            : X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        DateTimeOffset end = expired ? NotAfter : DateTimeOffset.UtcNow.AddYears(1);
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = (byte)(serial[0] & 0x7F | 1);
        X509Certificate2 certificate = issuer is null
            ? request.Create(request.SubjectName, Generator(key), NotBefore, end, serial)
            : request.Create(issuer.Certificate.SubjectName, Generator(issuer.Key), NotBefore, end, serial);
        return new TestIdentity(key, certificate);
    }

    private static X509SignatureGenerator Generator(AsymmetricAlgorithm key) => key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)key);
}
