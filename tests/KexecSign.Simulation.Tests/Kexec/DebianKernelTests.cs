using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>Debian's kernels, when the demo or another run has left them in the cache.</summary>
public sealed class DebianKernelTests : IDisposable
{
    // First and last bytes of digests that Debian itself signed or that four tools agree on.
    private static readonly (string Name, long Length, string Begins, string Ends)[] KnownAnswers =
    [
        ("6.12.117+deb12-arm64", 44_216_832, "98802d3c", "4ea4"),
        ("6.12.117+deb12-amd64", 12_083_712, "6a5811d6", "f968"),
        ("6.1.0-56-arm64", 32_954_880, "93f80114", "3028"),
        ("6.12.117+deb12-cloud-arm64", 34_890_240, "33d5b343cfd09c05", "fc05baaa1f"),
    ];

    private readonly SigningTools _tools = new();

    [SkippableFact]
    public void Unsigned_kernels_have_the_known_digests()
    {
        int judged = 0;
        foreach (string path in Kernels())
        {
            byte[] image = File.ReadAllBytes(path);
            (string Name, long Length, string Begins, string Ends) known = Array.Find(
                KnownAnswers, answer => path.EndsWith("vmlinuz-" + answer.Name, StringComparison.Ordinal) && image.Length == answer.Length);
            if (known.Name is null)
                continue;
            string digest = Convert.ToHexStringLower(PeVerification.Digest(Layout.Of(image), HashAlgorithmName.SHA256));
            digest.ShouldStartWith(known.Begins);
            digest.ShouldEndWith(known.Ends);
            judged++;
        }
        Skip.If(judged == 0, "none of the unsigned kernels with known digests is in the cache");
    }

    [SkippableFact]
    public void Every_kernel_has_the_digest_that_pesign_computes()
    {
        foreach (string path in Kernels())
        {
            byte[] image = File.ReadAllBytes(path);
            Convert.ToHexStringLower(PeVerification.Digest(Layout.Of(image), HashAlgorithmName.SHA256)).ShouldBe(_tools.PeSignDigest(image));
        }
    }

    [SkippableFact]
    public void Signed_kernels_verify_with_the_certificate_they_carry_and_with_no_other()
    {
        int judged = 0;
        foreach (string path in Kernels())
        {
            Layout file = Layout.Of(File.ReadAllBytes(path));
            KernelArchitecture architecture = path.EndsWith("amd64", StringComparison.Ordinal) ? KernelArchitecture.X64 : KernelArchitecture.Arm64;
            KexecVerdict unknown = KexecFileLoad.Judge(file, architecture, new KernelPolicy());
            if (unknown.Rule == KexecRules.Unsigned)
                continue;
            unknown.Errno.ShouldBe(KernelErrno.ENOKEY, path);
            KexecVerdict known = KexecFileLoad.Judge(file, architecture, new KernelPolicy { Platform = EmbeddedCertificates(file) });
            known.Accepted.ShouldBeTrue(path + ": " + known.Explanation);
            judged++;
        }
        Skip.If(judged == 0, "no signed Debian kernel is in the cache");
    }

    [SkippableFact]
    public void Kernels_signed_with_sbsign_are_taken()
    {
        using var signer = TestIdentity.Rsa("debian test");
        foreach (string path in Kernels())
        {
            byte[] image = File.ReadAllBytes(path);
            if (BitConverter.ToUInt32(image, ImageBuilder.CertificateEntry) != 0)
                continue;
            KernelArchitecture architecture = path.EndsWith("amd64", StringComparison.Ordinal) ? KernelArchitecture.X64 : KernelArchitecture.Arm64;
            KexecVerdict verdict = KexecFileLoad.Judge(
                Layout.Of(_tools.SbSign(image, signer)), architecture, new KernelPolicy { Platform = [signer.Certificate] });
            verdict.Accepted.ShouldBeTrue(path + ": " + verdict.Explanation);
        }
    }

    public void Dispose() => _tools.Dispose();

    private static ImmutableArray<X509Certificate2> EmbeddedCertificates(Layout file)
    {
        byte[] head = file.ReadBytes(0, 4096);
        long table = ImageBuilder.ReadUInt32(head, ImageBuilder.CertificateEntry);
        long size = ImageBuilder.ReadUInt32(head, ImageBuilder.CertificateEntry + 4);
        var cms = new SignedCms();
        cms.Decode(file.ReadBytes(table + 8, size - 8));
        return [.. cms.Certificates];
    }

    private static string[] Kernels()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string debian = Path.Combine(cache, "kexecsign", "debian");
        string[] kernels = Directory.Exists(debian)
            ? [.. Directory.GetDirectories(debian).Select(folder => Path.Combine(folder, "boot")).Where(Directory.Exists)
                .SelectMany(boot => Directory.GetFiles(boot, "vmlinuz-*")).Order(StringComparer.Ordinal)]
            : [];
        Skip.If(kernels.Length == 0, "no Debian kernel in the cache (kexecsign/debian/*/boot/vmlinuz-*); the demo downloads one");
        return kernels;
    }
}
