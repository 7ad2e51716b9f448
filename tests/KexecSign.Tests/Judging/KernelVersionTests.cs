using System.Text;
using System.Text.Json;
using KexecSign.Commands.Build;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Judging;

/// <summary>Which kernel's rules a verdict is by, and policies that ask for a release.</summary>
public sealed class KernelVersionTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData(null, null, "by the rules of Linux 6.12)")]
    [InlineData("6.1", null, "by the rules of Linux 6.1)")]
    [InlineData(null, "7.3.4+deb13-arm64", "by the rules of Linux 7.3, which it is itself)")]
    [InlineData("6.1", "7.3.4", "by the rules of Linux 6.1)")]
    [InlineData(null, "5.4.1", "by the rules of Linux 6.12)")]
    // Who wrote the file wrote its banner: it does not choose older and laxer rules.
    [InlineData(null, "6.1.0", "by the rules of Linux 6.12)")]
    [InlineData(null, "6.11.2", "by the rules of Linux 6.12)")]
    [InlineData(null, "6.12.1", "by the rules of Linux 6.12, which it is itself)")]
    public void The_files_own_release_counts_where_none_is_named(string? named, string? own, string expected) =>
        Kexec(Signed(own, TestSigners.Rsa2048), named, TestSigners.Rsa2048).Reason.ShouldEndWith(expected);

    [Theory]
    [InlineData("6.1", Answer.Refuses)]
    [InlineData("6.12", Answer.Accepts)]
    public void P521_is_taken_by_the_releases_that_have_it(string release, Answer expected)
    {
        Verdict verdict = Kexec(Signed(null, TestSigners.P521), release, TestSigners.P521);
        verdict.Answer.ShouldBe(expected, verdict.Reason);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("latest")]
    [InlineData("5.10")]
    public void What_is_no_release_that_is_known_is_refused(string release) => Refusal.Of("KS3012", () => KernelVersions.Require(release), release, "7.3");

    [Theory]
    [InlineData("""["7.3"]""", "7.3.4+deb13-arm64", true)]
    [InlineData("""["6.12", "7.3.4"]""", "7.3.4+deb13-arm64", true)]
    [InlineData("""["7.3"]""", "7.30.1", false)]
    [InlineData("""["7.3.4"]""", "7.3", false)]
    [InlineData("""["7.3"]""", null, false)]
    [InlineData("[]", "7.3.4", false)]
    public void A_policy_asks_for_a_release(string allowed, string? own, bool holds)
    {
        VerifyResult result = Verify(Signed(own, TestSigners.Rsa2048), $$"""{ "releases": {{allowed}}, "signatures": { "outer": { } } }""");
        result.Policy!.Findings.Single(f => f.Rule == "releases").Holds.ShouldBe(holds);
        result.Exit.ShouldBe(holds ? ExitCode.Done : ExitCode.VerificationFailed);
        if (!holds)
            result.Policy.Findings.Single(f => !f.Holds).Code.ShouldBe("KS4722");
    }

    [Fact]
    public void A_policy_says_by_which_kernels_rules_its_consumers_judge()
    {
        string signed = Signed("7.3.4", TestSigners.P521);
        string policy(string kernel) => $$"""{ "consumers": ["kexec"], "architecture": "arm64"{{kernel}}, "certificates": { "kexec": ["kexec.pem"] } }""";
        File.Copy(TestSigners.P521.CertificateFile(_bench.Folder), _bench.Folder.At("kexec.pem"), overwrite: true);
        // A gate that names no release goes by the same rules for every file, whatever that says of itself.
        Verify(signed, policy("")).Policy!.Findings.ShouldAllBe(f => f.Holds);
        Says(Verify(signed, policy(""))).ShouldEndWith("by the rules of Linux 6.12)");
        Says(Verify(signed, policy(""), "7.3")).ShouldEndWith("by the rules of Linux 7.3)");
        string Says(VerifyResult result) => result.Policy!.Findings.Single(f => f.Rule == "consumers.kexec").Says;
        Verify(signed, policy(""", "kernel": "6.1" """)).Policy!.Findings.ShouldContain(f => !f.Holds && f.Rule == "consumers.kexec");
        Refusal.Of("KS3012", () => Verify(signed, policy(""", "kernel": "6.1" """), "7.3"), "6.1, as the policy says");
        Refusal.Of("KS3012", () => Verify(signed, policy(""", "kernel": "new" """)), "new");
    }

    [SkippableTheory]
    [InlineData("signed kernel arm64", "6.12")]
    [InlineData("signed kernel amd64", "6.12")]
    public void Debians_kernels_are_judged_by_their_own_release(string name, string release)
    {
        VerifyResult result = VerifyOperation.Definition.Run(new() { File = DebianFiles.Named(name), Consumers = [Consumer.Kexec], NoTrust = true }, _bench.Context);
        result.Verdicts[0].SignatureHolds.ShouldBe(true);
        KernelVersions.Of(null, Judged(name).Kernel).ShouldBe((Simulation.Answers.KernelRelease.TryParse(release)!.Value, true));
    }

    [Fact]
    public void Verdicts_reports_and_provenance_say_which_Linux_it_is()
    {
        const string version = "7.3.4+deb13-arm64";
        string signed = Signed(version, TestSigners.Rsa2048);
        VerifyOperation.Definition.Run(new() { File = signed, NoTrust = true }, _bench.Context).LinuxVersion.ShouldBe(version);
        VerifyOperation.Definition.Run(new() { File = Signed(null, TestSigners.Rsa2048), NoTrust = true }, _bench.Context).LinuxVersion.ShouldBeNull();
        var built = (BuildResult)BuildOperation.Definition.Run(new()
        {
            Image = signed,
            Existing = ExistingSignatures.Replace,
            Outer = _bench.Identity(TestSigners.Rsa2048),
            Output = _bench.Folder.At("built"),
            Provenance = _bench.Folder.At("built.intoto.json"),
            ProvenanceSigner = _bench.Identity(TestSigners.P256),
        }, _bench.Context);
        built.LinuxVersion.ShouldBe(version);
        string payload = JsonDocument.Parse(File.ReadAllText(_bench.Folder.At("built.intoto.json"))).RootElement.GetProperty("payload").GetString()!;
        Encoding.UTF8.GetString(Convert.FromBase64String(payload)).ShouldContain($"\"linuxVersion\": \"{version}\"".Replace(": ", ":", StringComparison.Ordinal));
    }

    public void Dispose() => _bench.Dispose();

    private JudgedFile Judged(string name) => JudgedFile.Open(DebianFiles.Named(name), _bench.Context);

    private string Signed(string? version, TestSigner signer)
    {
        TestImage image = TestImage.Arm64();
        if (version is not null)
            Encoding.ASCII.GetBytes($"Linux version {version} (builder@host)\0").CopyTo(image.Bytes, TestImage.SizeOfHeaders + 0x800);
        return _bench.SignedImage(signer, image);
    }

    private Verdict Kexec(string file, string? release, TestSigner trusted) => VerifyOperation.Definition.Run(
        new() { File = file, Kernel = release, Consumers = [Consumer.Kexec], KexecCertificates = [trusted.CertificateFile(_bench.Folder)] }, _bench.Context).Verdicts[0];

    private VerifyResult Verify(string file, string policy, string? kernel = null) => VerifyOperation.Definition.Run(new()
    {
        File = file,
        Policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(policy)),
        Kernel = kernel,
        Consumers = [Consumer.Firmware],
        Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)],
    }, _bench.Context);
}
