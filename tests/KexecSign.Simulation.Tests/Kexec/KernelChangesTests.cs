using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>
/// The table of what changed between kernels, and that the model answers by it. Which algorithms a release has is a fact of its sources:
/// crypto/asymmetric_keys of 6.1.192, 6.12.117 and 7.3.4.
/// </summary>
public sealed class KernelChangesTests(Keys keys) : IClassFixture<Keys>
{
    [Theory]
    [InlineData("7.3", "7.3")]
    [InlineData("6.12.117+deb12-arm64", "6.12")]
    [InlineData("7.3-rc2", "7.3")]
    [InlineData("10.0.0", "10.0")]
    [InlineData("7", null)]
    [InlineData("7.", null)]
    [InlineData(".3", null)]
    [InlineData("v7.3", null)]
    [InlineData("-1.3", null)]
    [InlineData("99999999999.1", null)]
    [InlineData("", null)]
    public void A_release_is_the_first_two_numbers(string text, string? expected) => KernelRelease.TryParse(text)?.ToString().ShouldBe(expected);

    [Fact]
    public void Releases_are_ordered_by_number()
    {
        (new KernelRelease(6, 9) < new KernelRelease(6, 12)).ShouldBeTrue();
        (new KernelRelease(7, 0) > new KernelRelease(6, 19)).ShouldBeTrue();
        (new KernelRelease(6, 12) >= KernelRelease.Linux612 && KernelRelease.Linux612 <= new KernelRelease(6, 12)).ShouldBeTrue();
    }

    [Fact]
    public void Each_rule_has_one_row_that_says_where_it_stands()
    {
        KernelChanges.All.Select(row => row.Rule).ShouldBe(Enum.GetValues<KernelRule>());
        KernelChanges.All.ShouldAllBe(row => row.What.Length > 10 && row.Source.Contains(".c", StringComparison.Ordinal));
        // A row for what holds in all of them would be no row.
        KernelChanges.All.ShouldAllBe(row => row.Holds(KernelRelease.Linux61) != row.Holds(KernelRelease.Linux73));
    }

    [Theory]
    [InlineData("MD5", "6.1", false)]
    [InlineData("MD5", "6.12", false)]
    [InlineData("MD5", "7.3", false)]
    [InlineData("SHA3-256", "6.1", false)]
    [InlineData("SHA3-256", "6.6", false)]
    [InlineData("SHA3-256", "6.7", true)]
    [InlineData("SHA3-384", "6.12", true)]
    [InlineData("SHA3-512", "7.3", true)]
    [InlineData("SHA256", "6.1", true)]
    [InlineData("SHA256", "7.3", true)]
    public void Digests_are_known_by_release(string hash, string release, bool known)
    {
        KexecVerdict verdict = Judge(new AuthenticodeForge(keys.Db) { Hash = new(hash) }, release, keys.Db.Certificate);
        (verdict.Accepted ? "taken" : verdict.Errno.ToString().Split(' ')[0]).ShouldBe(known ? "taken" : "ENOPKG", verdict.Explanation);
    }

    [Theory]
    [InlineData("2.5.29.15", "6.1", true)]
    [InlineData("2.5.29.15", "6.3", true)]
    [InlineData("2.5.29.15", "6.4", false)]
    [InlineData("2.5.29.15", "7.3", false)]
    [InlineData("2.5.29.19", "6.1", true)]
    [InlineData("2.5.29.19", "6.4", false)]
    public void Odd_extensions_are_read_since_6_4(string extension, string release, bool taken)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=odd", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        // A bit string with eight unused bits; a sequence of an integer where the boolean is looked for.
        byte[] value = extension == "2.5.29.15" ? [0x03, 0x02, 0x08, 0x80] : [0x30, 0x03, 0x02, 0x01, 0x00];
        request.CertificateExtensions.Add(new X509Extension(extension, value, critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(TestIdentity.NotBefore, TestIdentity.NotAfter);
        using var signer = TestIdentity.Of(key, certificate);
        KexecVerdict verdict = Judge(new AuthenticodeForge(signer), release, certificate);
        (verdict.Accepted ? "taken" : verdict.Errno.ToString().Split(' ')[0]).ShouldBe(taken ? "taken" : "EBADMSG", verdict.Explanation);
    }

    private static KexecVerdict Judge(AuthenticodeForge forge, string release, X509Certificate2 trusted) => KexecFileLoad.Judge(
        Layout.Of(forge.Sign(ImageBuilder.Arm64Image())), KernelArchitecture.Arm64, new KernelPolicy { Platform = [trusted], Release = KernelRelease.TryParse(release)!.Value });
}
