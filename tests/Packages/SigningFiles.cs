using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Packages.Tests;

/// <summary>A key, its certificate and a kernel Image in a folder, made for one test.</summary>
internal static class SigningFiles
{
    // The dots are those of Debian's names, and an extension to MSBuild.
    public const string Image = "vmlinuz-6.1.0-54-arm64";

    public static void Write(string folder)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=packages test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "db.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, "db.pem"), certificate.ExportCertificatePem());
        File.WriteAllBytes(Path.Combine(folder, Image), ImageBuilder.Arm64Image());
    }

    /// <summary>Skips, or fails where tools are required, when a program is not there.</summary>
    public static void Need(string program)
    {
        bool found = Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
        if (Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            found.ShouldBeTrue($"{program} is not installed");
        Skip.IfNot(found, $"{program} is not installed");
    }
}
