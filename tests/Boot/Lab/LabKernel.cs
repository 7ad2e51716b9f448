using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Boot.Tests.Images;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>The tiny kernel that build/lab-kernel.sh makes, and the authority that it trusts.</summary>
internal static class LabKernel
{
    /// <summary>The series of Linux 7 that the lab has a kernel of.</summary>
    public const string Next = "7.3";

    /// <summary>The authority's certificate.</summary>
    public static string Authority => Path.Combine(Folder, "authority.pem");

    private static string Folder => Path.Combine(DebianKernel.Cache, "lab");

    /// <summary>Folder of the newest one; skips the test when there is none.</summary>
    public static string Require(string series = "6.12", string architecture = "arm64")
    {
        // Those that lab-kernel.sh of before left have no trees.
        string? newest = Directory.Exists(Folder)
            ? Directory.EnumerateDirectories(Folder, $"linux-source-{series}_*_{architecture}_*").Where(f => Directory.Exists(Path.Combine(f, "tree-gzip"))).MaxBy(Directory.GetLastWriteTimeUtc)
            : null;
        Demand(newest is not null, series, architecture, $"no kernel {series} for the lab and {architecture} in {Folder}; './build.sh --target=Boot' builds it, in a few minutes");
        return newest!;
    }

    /// <summary>The module that was built with the newest one for arm64.</summary>
    public static string Module(string series) => Directory.EnumerateFiles(Require(series), "*.ko").Single();

    /// <summary>Skips the test for want of a kernel or what belongs to it, unless KEXECSIGN_REQUIRE_LAB names it.</summary>
    public static void Demand(bool there, string series, string architecture, string otherwise)
    {
        if (!there && (Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_LAB") ?? "").Split(' ').Contains($"{series}-{architecture}"))
            throw new InvalidOperationException(otherwise);
        Skip.IfNot(there, otherwise);
    }

    /// <summary>Skips what takes minutes more, unless KEXECSIGN_REQUIRE_LAB says <c>everything</c>, as './build.sh --target=Boot' does.</summary>
    public static void RequireEverything() => Skip.IfNot(
        (Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_LAB") ?? "").Split(' ').Contains("everything"), "it takes minutes more; './build.sh --target=Boot' runs it");

    /// <summary>A certificate by the authority for somebody else's key.</summary>
    public static X509Certificate2 Certify(X509Certificate2 other)
    {
        using X509Certificate2 authority = X509Certificate2.CreateFromPemFile(Authority, Path.Combine(Folder, "authority.key"));
        var request = new CertificateRequest(other.SubjectName, other.PublicKey, HashAlgorithmName.SHA256);
        // One that OpenSSL made names itself as its authority.
        foreach (X509Extension extension in other.Extensions.Where(e => e is not X509AuthorityKeyIdentifierExtension))
            request.CertificateExtensions.Add(extension);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using RSA key = authority.GetRSAPrivateKey()!;
        return request.Create(
            authority.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), other.NotBefore, other.NotAfter, RandomNumberGenerator.GetBytes(8));
    }
}
