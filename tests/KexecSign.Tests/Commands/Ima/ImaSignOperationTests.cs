using KexecSign.Commands.Ima;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Ima;
using KexecSign.Judging;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Commands.Ima;

/// <summary>IMA values judged by evmctl, GNU tar and getfattr.</summary>
public sealed class ImaSignOperationTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly string _file;

    public ImaSignOperationTests() => _file = _bench.Folder.File("vmlinuz.efi", TestImage.Arm64().Bytes);

    [SkippableTheory]
    [InlineData("rsa2048", "sha256")]
    [InlineData("rsa4096", "sha512")]
    [InlineData("p256", "sha256")]
    [InlineData("p384", "sha384")]
    public void Evmctl_takes_the_sidecar(string name, string digest)
    {
        TestSigner signer = TestSigners.Named(name);
        ImaSigned signed = Sign(signer, digest).Signed.ShouldHaveSingleItem();
        signed.Sidecar.ShouldBe(_file + ".sig");
        ToolAnswer answer = Evmctl(signer, digest);
        answer.Exit.ShouldBe(0, answer.Output);
        answer.Output.ShouldContain("verification is OK");

        File.AppendAllText(_file, "x");
        Evmctl(signer, digest).Exit.ShouldNotBe(0);
    }

    [SkippableTheory]
    [InlineData("rsa2048", "sha256")]
    [InlineData("rsa3072", "sha512")]
    public void An_RSA_value_is_evmctls_own(string name, string digest)
    {
        TestSigner signer = TestSigners.Named(name);
        string value = Sign(signer, digest).Signed[0].Value;
        File.Delete(_file + ".sig");
        Tool.Run("evmctl", "ima_sign", "-a", digest, "--key", signer.KeyFile(_bench.Folder), "--sigfile", _file);
        value.ShouldBe(Convert.ToHexStringLower(File.ReadAllBytes(_file + ".sig")));
    }

    [SkippableFact]
    public void GNU_tar_restores_the_attribute_byte_for_byte()
    {
        ImaSignResult result = Sign(TestSigners.Rsa2048, tar: "a.tar");
        result.TarSha256.ShouldBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(_bench.Folder.At("a.tar")))));
        File.Exists(_file + ".sig").ShouldBeFalse();
        string target = _bench.Folder.Folder("out");
        ToolAnswer tar = Tool.Ask("tar", "-C", target, "--xattrs", "--xattrs-include=security.ima", "-xf", _bench.Folder.At("a.tar"));
        tar.Exit.ShouldBe(0, tar.Output);
        Skip.If(tar.Output.Contains("Cannot set", StringComparison.Ordinal), $"security.ima cannot be set here (needs root): {tar.Output.Trim()}");
        string restored = Path.Combine(target, "vmlinuz.efi");
        File.ReadAllBytes(restored).ShouldBe(TestImage.Arm64().Bytes);
        Tool.Run("getfattr", "-e", "hex", "-n", "security.ima", "--absolute-names", restored).ShouldContain("security.ima=0x" + result.Signed[0].Value);
        Verify(restored, TestSigners.Rsa2048).Verdict.Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableTheory]
    [InlineData("user")]
    [InlineData("security")]
    public void The_attribute_is_set_on_the_file_itself(string space)
    {
        ImaSignResult result = Sign(TestSigners.P256, xattr: space);
        Skip.If(result.Signed.IsEmpty, result.Files[0].Message);
        ImaSigned signed = result.Signed[0];
        signed.Xattr.ShouldBe(space + ".ima");
        Tool.Run("getfattr", "-e", "hex", "-n", space + ".ima", "--absolute-names", _file).ShouldContain($"{space}.ima=0x" + signed.Value);
        File.Exists(_file + ".sig").ShouldBeFalse();
        Verify(_file, TestSigners.P256).Verdict.Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void Attributes_that_are_not_to_be_had_are_told_of()
    {
        // procfs takes no attributes, whoever asks.
        ExtendedAttribute.TrySet("/proc/version", "user.ima", [1]).ShouldNotBeNull();
        ExtendedAttribute.TryGet("/proc/version", "user.ima").ShouldBeNull();
    }

    [Fact]
    public void The_same_input_gives_the_same_tar()
    {
        Sign(TestSigners.Rsa2048, tar: "a.tar");
        File.SetLastWriteTimeUtc(_file, DateTime.UnixEpoch.AddDays(1));
        Sign(TestSigners.Rsa2048, tar: "b.tar");
        File.ReadAllBytes(_bench.Folder.At("b.tar")).ShouldBe(File.ReadAllBytes(_bench.Folder.At("a.tar")));
    }

    [SkippableTheory]
    [InlineData("86400", "1970-01-02")]
    [InlineData("99999999999999999", "9999-12-31")]
    [InlineData("rubbish", "1970-01-01")]
    public void The_tar_has_the_time_of_SOURCE_DATE_EPOCH(string epoch, string date)
    {
        using var context = new RunContext { Keyring = new Keyring(), Environment = name => name == "SOURCE_DATE_EPOCH" ? epoch : null };
        ImaSignOperation.Definition.Run(new() { Files = [_file], Signing = _bench.Identity(TestSigners.Rsa2048), Tar = _bench.Folder.At("a.tar") }, context);
        Tool.Run("tar", "--utc", "-tvf", _bench.Folder.At("a.tar")).ShouldContain(date);
    }

    [SkippableFact]
    public void A_tar_of_several_files_has_each_with_its_own_value()
    {
        string second = _bench.Folder.File("second", "other content"u8);
        ImaSignResult result = ImaSignOperation.Definition.Run(
            new() { Files = [_file, second], Signing = _bench.Identity(TestSigners.Rsa2048), Tar = _bench.Folder.At("a.tar"), Sidecar = true }, _bench.Context);
        result.Signed[0].Value.ShouldNotBe(result.Signed[1].Value);
        Tool.Run("tar", "-tf", _bench.Folder.At("a.tar")).Trim().Split('\n').ShouldBe(["vmlinuz.efi", "second"]);
        File.Exists(second + ".sig").ShouldBeTrue();
    }

    [Fact]
    public void A_file_that_changed_since_it_was_hashed_is_not_packed()
    {
        byte[] hash = new byte[32];
        Refusal.Of("KS3008", () => ImaPlacement.WriteTar(
            _bench.Folder.At("a.tar"), [(_file, hash, new byte[10])], System.Security.Cryptography.HashAlgorithmName.SHA256, _bench.Context), _file);
        _bench.Folder.Names().ShouldBe(["vmlinuz.efi"]);
    }

    [Fact]
    public void Refuses_two_files_of_one_name_in_a_tar()
    {
        string second = Path.Combine(_bench.Folder.Folder("sub"), "vmlinuz.efi");
        File.Copy(_file, second);
        Refusal.Of("KS3013", () => ImaSignOperation.Definition.Run(
            new() { Files = [_file, second], Signing = _bench.Identity(TestSigners.Rsa2048), Tar = _bench.Folder.At("a.tar") }, _bench.Context), _file, second);
    }

    [Theory]
    [InlineData("file", "KS4113")]
    [InlineData("signature", "KS4113")]
    [InlineData("key", "KS4112")]
    [InlineData("cut", "KS1402")]
    [InlineData("none", "KS4111")]
    public void Verify_says_what_is_wrong(string damage, string code)
    {
        Sign(TestSigners.Rsa2048);
        string sidecar = _file + ".sig";
        byte[] value = File.ReadAllBytes(sidecar);
        switch (damage)
        {
            case "file":
                File.AppendAllText(_file, "x");
                break;
            case "signature":
                value[100] ^= 1;
                File.WriteAllBytes(sidecar, value);
                break;
            case "cut":
                File.WriteAllBytes(sidecar, value[..^1]);
                break;
            case "none":
                File.Delete(sidecar);
                break;
        }
        ImaFileVerdict verdict = Verify(_file, damage == "key" ? TestSigners.Other : TestSigners.Rsa2048);
        (verdict.Verdict.Answer, verdict.Verdict.Code).ShouldBe((Answer.Refuses, code));
    }

    [SkippableFact]
    public void Takes_what_evmctl_signed()
    {
        Tool.Run("evmctl", "ima_sign", "-a", "sha256", "--key", TestSigners.P256.KeyFile(_bench.Folder), "--sigfile", _file);
        Verify(_file, TestSigners.P256).Verdict.Answer.ShouldBe(Answer.Accepts);
    }

    // x509_cert_parser.c takes the id from the extension alone and computes none: ENOKEY.
    [Fact]
    public void A_certificate_without_a_key_identifier_is_refused_because_no_kernel_finds_it()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=no identifier", key, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9));
        string keyFile = _bench.Folder.At("no.key"), certificateFile = _bench.Folder.At("no.pem"), file = _bench.Folder.File("some", [1, 2, 3]);
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        ImaSignResult result = ImaSignOperation.Definition.Run(new() { Files = [file], Signing = new() { Key = keyFile, Certificate = certificateFile } }, _bench.Context);
        result.Files.ShouldHaveSingleItem().Code.ShouldBe("KS4151");
        File.Exists(file + ".sig").ShouldBeFalse();
    }

    public void Dispose() => _bench.Dispose();

    private ImaSignResult Sign(TestSigner signer, string? digest = null, string? tar = null, string? xattr = null) =>
        ImaSignOperation.Definition.Run(
            new() { Files = [_file], Signing = _bench.Identity(signer) with { Digest = digest }, Tar = tar is null ? null : _bench.Folder.At(tar), Xattr = xattr }, _bench.Context);

    private ToolAnswer Evmctl(TestSigner signer, string digest) =>
        Tool.Ask("evmctl", "ima_verify", "-a", digest, "--key", _bench.Folder.File("ima.der", signer.Certificate.RawData), "--sigfile", _file);

    private ImaFileVerdict Verify(string file, TestSigner signer)
    {
        ImaVerifyResult result = ImaVerifyOperation.Definition.Run(new() { Files = [file], Certificates = [signer.CertificateFile(_bench.Folder)] }, _bench.Context);
        ImaFileVerdict verdict = result.Files.ShouldHaveSingleItem();
        result.Exit.ShouldBe(verdict.Verdict.Answer == Answer.Accepts ? ExitCode.Done : ExitCode.VerificationFailed);
        return verdict;
    }
}
