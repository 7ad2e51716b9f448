using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Boot.Tests.Images;

/// <summary>A key of this run with its certificate, as files for tools; gone with the folder.</summary>
internal sealed class TestKey
{
    public TestKey(string name, string folder)
    {
        Name = name;
        KeyFile = Path.Combine(folder, name + ".pem");
        CertificateFile = Path.Combine(folder, name + ".crt");
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest($"CN=KexecSign boot test {name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(CertificateFile, Certificate.ExportCertificatePem());
    }

    public string Name { get; }

    public X509Certificate2 Certificate { get; }

    public string KeyFile { get; }

    public string CertificateFile { get; }
}
