using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Tests.Judging;

/// <summary>The table of what differs between firmwares, and that verdicts go by it; the boot lab asks the firmware itself.</summary>
public sealed class FirmwareModelTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void Each_rule_has_one_row_that_says_where_it_stands()
    {
        FirmwareRules.All.Select(row => row.Rule).ShouldBe(Enum.GetValues<FirmwareRule>());
        FirmwareRules.All.ShouldAllBe(row => row.What.Length > 20 && row.Source.Length > 20);
        // What is the same everywhere is a row only where somebody is about to change it, or asks.
        FirmwareRules.All.Where(row => !row.In.IsEmpty && row.In.Length < FirmwareModel.All.Length).Count().ShouldBeGreaterThanOrEqualTo(6);
        FirmwareModel.All.ShouldAllBe(model => FirmwareModel.Of(model.Word) == model && model.What.Length > 20);
        FirmwareModel.Of(null).ShouldBe(FirmwareModel.Edk2202608);
    }

    [Theory]
    [InlineData(null, "p256", false)]
    [InlineData("edk2-2022.11", "p256", false)]
    [InlineData("edk2-2026.08", "p384", false)]
    [InlineData("ovmf-2026.08", "p256", true)]
    [InlineData("ovmf-2026.08", "p384", true)]
    [InlineData("ovmf-2026.08", "rsa2048", true)]
    [InlineData("edk2-2022.11", "rsa2048", true)]
    public void Keys_on_curves_count_where_firmware_has_them(string? firmware, string key, bool taken)
    {
        TestSigner signer = TestSigners.Named(key);
        Verdict verdict = Judge(_bench.SignedImage(signer, TestImage.Arm64()), firmware, signer.CertificateFile(_bench.Folder));
        verdict.Answer.ShouldBe(taken ? Answer.Accepts : Answer.Refuses, verdict.Reason);
        verdict.Reason.ShouldEndWith($" (by the rules of {firmware ?? "edk2-2026.08"})");
        verdict.Code.ShouldBe(taken ? null : "KS4105");
        // Whoever db does not know stays a stranger.
        Judge(_bench.SignedImage(signer, TestImage.Arm64()), firmware, TestSigners.Other.CertificateFile(_bench.Folder)).Answer.ShouldBe(Answer.Refuses);
    }

    [Theory]
    [InlineData("edk2-2022.11", false)]
    [InlineData("edk2-2026.08", true)]
    [InlineData("ovmf-2026.08", true)]
    public void Digests_of_unsigned_images_count_by_each_algorithm_in_newer_firmware(string firmware, bool counts)
    {
        string image = _bench.Folder.File("unsigned", TestImage.Arm64().Bytes);
        byte[] sha256 = Digest(image, HashAlgorithmName.SHA256), sha384 = Digest(image, HashAlgorithmName.SHA384);
        string db = List("db384", EfiGuids.CertSha384, sha384), both = List("db256", EfiGuids.CertSha256, sha256);
        Judge(image, firmware, db).Answer.ShouldBe(counts ? Answer.Accepts : Answer.Refuses);
        Judge(image, firmware, both).Answer.ShouldBe(Answer.Accepts);
        Judge(image, firmware, both, dbx: db).Answer.ShouldBe(counts ? Answer.Refuses : Answer.Accepts);
    }

    [Theory]
    [InlineData("edk2-2022.11", "2.5.29.15", new byte[] { 0x03, 0x01, 0x00 }, true)]
    [InlineData("edk2-2026.08", "2.5.29.15", new byte[] { 0x03, 0x01, 0x00 }, false)]
    [InlineData("edk2-2022.11", "2.5.29.19", new byte[] { 0x30, 0x03, 0x02, 0x01, 0x01 }, false)]
    [InlineData("edk2-2022.11", "2.5.29.19", new byte[] { 0x30, 0x03, 0x02, 0x01, 0x00 }, true)]
    [InlineData("ovmf-2026.08", "2.5.29.19", new byte[] { 0x30, 0x03, 0x02, 0x01, 0x01 }, true)]
    public void Odd_certificates_are_read_as_each_OpenSSL_reads_them(string firmware, string extension, byte[] value, bool taken)
    {
        TestSigner signer = TestSigner.Rsa("odd", issuer: TestSigners.Authority, odd: new X509Extension(extension, value, critical: true));
        Verdict verdict = Judge(_bench.SignedImage(signer, TestImage.Arm64()), firmware, TestSigners.Authority.CertificateFile(_bench.Folder));
        verdict.Answer.ShouldBe(taken ? Answer.Accepts : Answer.Refuses, verdict.Reason);
    }

    [Fact]
    public void A_name_that_nobody_knows_is_refused_with_those_that_are_known() =>
        Refusal.Of("KS3012", () => FirmwareModel.Require("edk2-2030.01"), "edk2-2030.01", "edk2-2022.11, edk2-2026.08, ovmf-2026.08");

    [Fact]
    public void A_policy_says_by_whose_rules_firmware_judges()
    {
        string signed = _bench.SignedImage(TestSigners.P256, TestImage.Arm64());
        File.Copy(TestSigners.P256.CertificateFile(_bench.Folder), _bench.Folder.At("db.pem"), overwrite: true);
        string policy(string firmware) => $$"""{ "consumers": ["firmware"]{{firmware}}, "certificates": { "db": ["db.pem"] } }""";
        const string ovmf = """, "firmware": "ovmf-2026.08" """;
        VerifyResult taken = Verify(signed, policy(ovmf));
        taken.Exit.ShouldBe(ExitCode.Done);
        taken.Policy!.Findings.Single(f => f.Rule == "consumers.firmware").Says.ShouldEndWith(" (by the rules of ovmf-2026.08)");
        Verify(signed, policy("")).Exit.ShouldBe(ExitCode.VerificationFailed);
        // The policy that is silent goes by what the command names, and both by one.
        VerifyResult named = Verify(signed, policy(""), "ovmf-2026.08");
        named.Exit.ShouldBe(ExitCode.Done);
        named.Verdicts.Single().Reason.ShouldEndWith(" (by the rules of ovmf-2026.08)");
        Refusal.Of("KS3012", () => Verify(signed, policy(ovmf), "edk2-2022.11"), "ovmf-2026.08, as the policy says");
        Refusal.Of("KS3302", () => Verify(signed, policy(""", "firmware": "seabios" """)), "seabios", "edk2-2022.11");
    }

    public void Dispose() => _bench.Dispose();

    private string List(string name, Guid type, byte[] digest) =>
        _bench.Folder.File(name, new SignatureList(type, [new(Guid.Empty, digest)]).Encode());

    private static byte[] Digest(string image, HashAlgorithmName hash)
    {
        Layout file = Layout.Of(File.ReadAllBytes(image));
        return AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(PeReader.Read(file)), hash);
    }

    private Verdict Judge(string file, string? firmware, string db, string? dbx = null) => VerifyOperation.Definition.Run(
        new() { File = file, Firmware = firmware, Consumers = [Consumer.Firmware], Db = [db], Dbx = dbx }, _bench.Context).Verdicts[0];

    private VerifyResult Verify(string file, string policy, string? firmware = null) => VerifyOperation.Definition.Run(new()
    {
        File = file,
        Policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(policy)),
        Firmware = firmware,
        Consumers = [Consumer.Firmware],
    }, _bench.Context);
}
