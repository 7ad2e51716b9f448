using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Fixtures;

/// <summary>A key and a certificate made for one test run, with the extensions that the real consumers look at.</summary>
public sealed class TestSigner
{
    private static readonly DateTimeOffset NotBefore = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private TestSigner(AsymmetricAlgorithm key, X509Certificate2 certificate, TestSigner? issuer)
    {
        Key = key;
        Certificate = certificate;
        Issuer = issuer;
    }

    public AsymmetricAlgorithm Key { get; }

    public X509Certificate2 Certificate { get; }

    public TestSigner? Issuer { get; }

    /// <summary>An RSA signer; self-signed without an issuer, and with an extension in the place of the usual one if there is one.</summary>
    public static TestSigner Rsa(string name, int bits = 2048, TestSigner? issuer = null, bool authority = false, X509Extension? odd = null)
    {
        var key = RSA.Create(bits);
        return Make(key, new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), issuer, authority, odd);
    }

    /// <summary>An ECDSA signer, self-signed.</summary>
    public static TestSigner Ec(string name, ECCurve curve)
    {
        var key = ECDsa.Create(curve);
        return Make(key, new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256), issuer: null, authority: false);
    }

    /// <summary>Writes the private key as PKCS#8 PEM.</summary>
    public string KeyFile(TempFolder folder)
    {
        string path = folder.At(Certificate.Thumbprint + ".key");
        File.WriteAllText(path, Key.ExportPkcs8PrivateKeyPem());
        return path;
    }

    /// <summary>Writes the certificate as PEM, its issuers behind it when wanted.</summary>
    public string CertificateFile(TempFolder folder, bool chain = false)
    {
        string path = folder.At(Certificate.Thumbprint + (chain ? ".chain.pem" : ".pem"));
        string text = Certificate.ExportCertificatePem();
        for (TestSigner? next = Issuer; chain && next is not null; next = next.Issuer)
            text += "\n" + next.Certificate.ExportCertificatePem();
        File.WriteAllText(path, text + "\n");
        return path;
    }

    private static TestSigner Make(AsymmetricAlgorithm key, CertificateRequest request, TestSigner? issuer, bool authority, X509Extension? odd = null)
    {
        var subjectKey = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | (authority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.None), critical: true));
        if (!authority)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], critical: false));
        request.CertificateExtensions.Add(subjectKey);
        request.CertificateExtensions.Add(issuer is null
            ? X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(subjectKey)
            : X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (odd is not null)
        {
            request.CertificateExtensions.Remove(request.CertificateExtensions.First(e => e.Oid!.Value == odd.Oid!.Value));
            request.CertificateExtensions.Add(odd);
        }
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = (byte)(serial[0] & 0x7F | 1);
        AsymmetricAlgorithm signing = issuer?.Key ?? key;
        X509SignatureGenerator generator = signing is RSA rsa
            ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
            : X509SignatureGenerator.CreateForECDsa((ECDsa)signing);
        X509Certificate2 certificate = request.Create(
            issuer?.Certificate.SubjectName ?? request.SubjectName, generator, NotBefore, DateTimeOffset.UtcNow.AddYears(1), serial);
        return new(key, certificate, issuer);
    }
}
