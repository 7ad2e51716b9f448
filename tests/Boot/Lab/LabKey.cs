using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>A key of one run of the lab as files; its certificate is its own, or by the authority that the lab's kernel trusts.</summary>
internal sealed class LabKey
{
    private LabKey(string folder, string name, string key, X509Certificate2 certificate)
    {
        KeyFile = Path.Combine(folder, name + ".key");
        CertificateFile = Path.Combine(folder, name + ".pem");
        DerFile = Path.Combine(folder, name + ".der");
        Certificate = certificate;
        File.WriteAllText(KeyFile, key);
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem() + "\n");
        File.WriteAllBytes(DerFile, certificate.RawData);
    }

    public string KeyFile { get; }

    public string CertificateFile { get; }

    public string DerFile { get; }

    public X509Certificate2 Certificate { get; }

    public SigningOptions Signing(string? digest = null) => new() { Key = KeyFile, Certificate = CertificateFile, Digest = digest };

    /// <summary>An RSA key.</summary>
    public static LabKey Rsa(string folder, string name, int bits = 2048, bool certified = false)
    {
        using var key = RSA.Create(bits);
        return Make(folder, name, key.ExportPkcs8PrivateKeyPem(), new(Subject(name), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), certified);
    }

    /// <summary>A P-256 key.</summary>
    public static LabKey Ecdsa(string folder, string name, bool certified = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Make(folder, name, key.ExportPkcs8PrivateKeyPem(), new(Subject(name), key, HashAlgorithmName.SHA256), certified);
    }

    /// <summary>An ML-DSA key, which a newer OpenSSL than this machine's may have to make.</summary>
    public static LabKey MlDsa(string folder, string name, int set, OpenSsl35 openssl, bool certified = false)
    {
        string key = Path.Combine(folder, name + ".new"), own = Path.Combine(folder, name + ".own");
        openssl.Run(
            "req", "-new", "-x509", "-newkey", $"ml-dsa-{set}", "-nodes", "-subj", $"/{Subject(name).Name}", "-days", "2", "-config", "/etc/ssl/openssl.cnf",
            "-addext", "keyUsage=critical,digitalSignature", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", own);
        X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(own);
        return new(folder, name, File.ReadAllText(key), certified ? LabKernel.Certify(certificate) : certificate);
    }

    private static X500DistinguishedName Subject(string name) => new($"CN=KexecSign lab {name}");

    private static LabKey Make(string folder, string name, string key, CertificateRequest request, bool certified)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        X509Certificate2 own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        return new(folder, name, key, certified ? LabKernel.Certify(own) : own);
    }
}
