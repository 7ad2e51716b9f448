using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using KexecSign.Batches;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Verify;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Judging;

/// <summary>Only "accepts" is a yes, and only from those who are trusted for it.</summary>
public sealed class AnswersTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Firmware, Consumer.Shim, Consumer.Kexec)]
    public void Nobody_trusted_is_no_yes(params Consumer[] consumers)
    {
        string strangers = _bench.SignedImage(TestSigners.Other);
        VerifyResult result = Verify(new() { File = strangers, Consumers = [.. consumers] });
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
        result.Verdicts.ShouldAllBe(v => v.Answer == Answer.NotDecided && v.SignatureHolds == true);
        result.View().Title.ShouldContain("NOT verified (firmware: not decided");
        result.TrustChecked.ShouldBeFalse();

        VerifyResult arithmetic = Verify(new() { File = strangers, Consumers = [.. consumers], NoTrust = true });
        arithmetic.Exit.ShouldBe(ExitCode.Done);
        arithmetic.View().Title.ShouldEndWith("whose they are was NOT checked (--no-trust)");
        arithmetic.Verdicts.ShouldAllBe(v => v.Answer != Answer.Accepts);

        byte[] changed = File.ReadAllBytes(strangers);
        changed[TestImage.SizeOfHeaders + 5] ^= 1;
        Verify(new() { File = _bench.Folder.File("changed", changed), NoTrust = true }).Exit.ShouldBe(ExitCode.VerificationFailed);
        Refusal.Of("KS3011", () => Verify(new() { File = strangers, NoTrust = true, Db = [Pem(TestSigners.Other)] }), "--no-trust", "--db");
    }

    [Theory]
    [InlineData(PeConstants.MachineLoongArch64, null)]
    [InlineData(PeConstants.MachineArm64, "loongarch64")]
    public void An_architecture_that_checks_nothing_is_no_yes(ushort machine, string? architecture)
    {
        TestImage image = TestImage.Arm64();
        string file = _bench.Folder.File("image", image.U16(image.Pe + 4, machine).Bytes);
        VerifyResult result = Verify(new() { File = file, Consumers = [Consumer.Kexec], Architecture = architecture, KexecCertificates = [Pem(TestSigners.Rsa2048)] });
        result.Verdicts[0].Answer.ShouldBe(Answer.DoesNotCheck);
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
        result.View().Title.ShouldContain("(kexec: does not check)");
    }

    // The byte is the attacker's; the policy says by whose rules.
    [Fact]
    public void A_policy_says_the_architecture_and_the_file_does_not()
    {
        TestImage image = TestImage.Arm64();
        string file = _bench.Folder.File("image", image.U16(image.Pe + 4, PeConstants.MachineLoongArch64).Bytes);
        string policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(
            $$"""{ "consumers": ["kexec"], "architecture": "arm64", "certificates": { "kexec": ["{{Pem(TestSigners.Rsa2048)}}"] } }"""));
        VerifyResult result = Verify(new() { File = file, Policy = policy });
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
        result.Policy!.Findings.Where(f => !f.Holds).Select(f => f.Rule).ShouldBe(["consumers.kexec", "architecture"]);
        Refusal.Of("KS3012", () => Verify(new() { File = file, Policy = policy, Architecture = "loongarch64" }), "loongarch64", "arm64");
    }

    [Fact]
    public void A_certificate_counts_for_its_role_alone()
    {
        string image = _bench.SignedImage(TestSigners.Rsa3072);
        string ima = Pem(TestSigners.Rsa3072), db = Pem(TestSigners.Rsa2048);
        Answers(new() { File = image, Consumers = [Consumer.Firmware, Consumer.Shim, Consumer.Kexec], Db = [db], KexecCertificates = [db], ImaCertificates = [ima] })
            .ShouldBe([Answer.Refuses, Answer.Refuses, Answer.Refuses]);
        Answers(new() { File = image, Consumers = [Consumer.Firmware, Consumer.Shim, Consumer.Kexec], KexecCertificates = [ima], Db = [db] })
            .ShouldBe([Answer.Refuses, Answer.Refuses, Answer.Accepts]);
        Answers(new() { File = image, Consumers = [Consumer.Firmware, Consumer.Shim, Consumer.Kexec], Db = [ima] })
            .ShouldBe([Answer.Accepts, Answer.Accepts, Answer.Accepts]);
    }

    [Fact]
    public void The_short_form_is_for_one_kind_of_signature_and_says_what_it_was_taken_for()
    {
        VerifyResult plain = Verify(new() { File = _bench.SignedImage(TestSigners.Rsa2048), Certificates = [Pem(TestSigners.Rsa2048)] });
        plain.Exit.ShouldBe(ExitCode.Done);
        plain.CertificatesCountedAs.ShouldBe(["db", "kexec"]);
        plain.View().Notes.ShouldContain(n => n.Contains("counted as: db, kexec", StringComparison.Ordinal));

        string nested = _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa3072))));
        string[] both = [Pem(TestSigners.Rsa2048), Pem(TestSigners.Rsa3072)];
        Refusal.Of("KS3330", () => Verify(new() { File = nested, Certificates = [.. both] }), "of the PE image, of the kernel inside", "--kexec-cert")
            .Code.Exit().ShouldBe(ExitCode.WrongUsage);
        Verify(new() { File = nested, Certificates = [Pem(TestSigners.Rsa3072)], Consumers = [Consumer.Kexec] }).Exit.ShouldBe(ExitCode.Done);
        Verify(new() { File = nested, Db = [Pem(TestSigners.Rsa2048)], KexecCertificates = [Pem(TestSigners.Rsa3072)] }).Exit.ShouldBe(ExitCode.Done);
        Verify(new() { File = nested, Db = [Pem(TestSigners.Rsa3072)], KexecCertificates = [Pem(TestSigners.Rsa2048)] }).Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    [SkippableTheory]
    [InlineData("pem")]
    [InlineData("p7b")]
    [InlineData("p7b.der")]
    [InlineData("esl")]
    public void A_bundle_is_read_whole_everywhere(string form)
    {
        string bundle = Bundle(form, TestSigners.Other, TestSigners.Rsa2048);
        string image = _bench.SignedImage(TestSigners.Rsa2048);
        foreach (VerifyOptions options in (VerifyOptions[])
            [new() { Certificates = [bundle] }, new() { Db = [bundle] }, new() { OwnerCertificates = [bundle], Consumers = [Consumer.Shim] }, new() { KexecCertificates = [bundle], Consumers = [Consumer.Kexec] }])
            Verify(options with { File = image }).Exit.ShouldBe(ExitCode.Done);
        string policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes($$"""{ "certificates": { "db": ["{{bundle}}"] }, "consumers": ["firmware"] }"""));
        Verify(new() { File = image, Policy = policy }).Exit.ShouldBe(ExitCode.Done);

        string file = _bench.Folder.File("file", new byte[5000]), module = _bench.Folder.File("module.ko", new byte[5000]);
        ImaSignOperation.Definition.Run(new() { Files = [file], Sidecar = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        ImaVerifyOperation.Definition.Run(new() { Files = [file], Certificates = [bundle] }, _bench.Context).Exit.ShouldBe(ExitCode.Done);
        ModuleSignOperation.Definition.Run(new() { Files = [module], InPlace = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        ModuleVerifyOperation.Definition.Run(new() { Files = [module], Certificates = [bundle] }, _bench.Context).Exit.ShouldBe(ExitCode.Done);
        KeysExportOperation.Definition.Run(new() { Certificates = [bundle], Output = _bench.Folder.At("all.pem") }, _bench.Context).Certificates.Length.ShouldBe(2);
    }

    [Fact]
    public void Every_verdict_says_which_bytes_it_is_about()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048), sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(image)));
        string policy = _bench.Folder.File("policy.json", """{ "signatures": { "outer": { "digests": ["sha256"] } } }"""u8);
        VerifyResult result = Verify(new() { File = image, Consumers = [.. Enum.GetValues<Consumer>()], Db = [Pem(TestSigners.Rsa2048)], Policy = policy });
        result.Verdicts.ShouldAllBe(v => v.Sha256 == sha256);
        (result.Sha256, result.Policy!.JudgedSha256).ShouldBe((sha256, sha256));
        JsonElement json = JsonDocument.Parse(ReportDocument.Of(result, VerifyOperation.Definition.ResultType)).RootElement;
        json.GetProperty("verdicts")[0].GetProperty("sha256").GetString().ShouldBe(sha256);
    }

    [Fact]
    public void A_run_judges_one_open_file()
    {
        string path = _bench.SignedImage(TestSigners.Rsa2048);
        using var judged = JudgedFile.Open(path, _bench.Context);
        File.Move(_bench.SignedImage(TestSigners.Other), path, overwrite: true);
        var roles = new TrustedRoles { Db = [TestSigners.Rsa2048.Certificate] };
        ImageVerification.Judge(judged, new() { File = path, Consumers = [Consumer.Firmware] }, roles, _bench.Context).Verdicts[0].Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void Trouble_of_the_machine_is_no_verdict()
    {
        KexecSignException trouble = OperationErrors.NativeLibraryMissing.With("libzstd.so.1", "libzstd1");
        Refusal.Of(trouble.Code.Id, () => Verdict.Refused(Consumer.Kexec, trouble));
        VerifyErrors.MlDsaNotJudged.Exit().ShouldBe(ExitCode.Failed);
        FileOutcome.ExitOfVerification([FileOutcome.Of(new SelectedFile("a", "a", 0), trouble), new("b", FileStatus.Verified)]).ShouldBe(ExitCode.Failed);
        FileOutcome.ExitOfVerification([FileOutcome.Of(new("a", "a", 0), VerifyErrors.NotAppended.With()), FileOutcome.Of(new("b", "b", 0), trouble)]).ShouldBe(ExitCode.VerificationFailed);
        string module = _bench.Folder.At("nowhere.ko");
        ModuleVerifyOperation.Definition.Run(new() { Files = [module], Certificates = [Pem(TestSigners.Rsa2048)] }, _bench.Context).Exit.ShouldBe(ExitCode.Failed);
        ImaVerifyOperation.Definition.Run(new() { Files = [module], Certificates = [Pem(TestSigners.Rsa2048)] }, _bench.Context).Exit.ShouldBe(ExitCode.Failed);
    }

    [SkippableFact]
    public void IMA_is_asked_about_what_a_kernel_reads()
    {
        string file = _bench.SignedImage(TestSigners.Rsa2048);
        VerifyOptions options = new() { File = file, Consumers = [Consumer.Ima], ImaCertificates = [Pem(TestSigners.P256)] };
        ImaSignOperation.Definition.Run(new() { Files = [file], Sidecar = true, Signing = _bench.Identity(TestSigners.P256) }, _bench.Context);
        Verdict asIs = Verify(options).Verdicts[0];
        asIs.Answer.ShouldBe(Answer.NotDecided);
        asIs.Reason.ShouldContain("would be accepted once the sidecar is applied");
        Verify(options with { Applied = true }).Exit.ShouldBe(ExitCode.Done);
        VerifyResult unasked = Verify(options with { Consumers = [], Db = [Pem(TestSigners.Rsa2048)] });
        unasked.Exit.ShouldBe(ExitCode.Done);
        unasked.View().Title.ShouldEndWith("verified; by IMA once the sidecar is applied");

        byte[] value = File.ReadAllBytes(file + ".sig"), wrong = [.. value[..^1], (byte)(value[^1] ^ 1)];
        Skip.If(ExtendedAttribute.TrySet(file, "security.ima", wrong) is not null, "security.ima cannot be set here (needs root)");
        foreach (bool applied in (bool[])[false, true])
            Verify(options with { Applied = applied }).Verdicts[0].Code.ShouldBe("KS4113");
        ImaVerifyOperation.Definition.Run(new() { Files = [file], Certificates = [Pem(TestSigners.P256)] }, _bench.Context).Exit.ShouldBe(ExitCode.VerificationFailed);
        ExtendedAttribute.TrySet(file, "security.ima", [4, 4, .. new byte[32]]);
        Verify(options).Verdicts[0].Code.ShouldBe("KS4161");
        ExtendedAttribute.TrySet(file, "security.ima", value);
        Verify(options).Exit.ShouldBe(ExitCode.Done);
    }

    [SkippableFact]
    public void IMA_reads_no_user_attribute_and_an_appended_signature_only_where_rules_say_so()
    {
        string file = _bench.Folder.File("file", TestImage.Arm64().Bytes), appended = _bench.Folder.At("appended");
        VerifyOptions options = new() { Consumers = [Consumer.Ima], ImaCertificates = [Pem(TestSigners.P256)] };
        ModuleSignOperation.Definition.Run(new() { Files = [file], Output = appended, Signing = _bench.Identity(TestSigners.P256) }, _bench.Context);
        Verdict modsig = Verify(options with { File = appended }).Verdicts[0];
        modsig.Answer.ShouldBe(Answer.NotDecided);
        modsig.Reason.ShouldContain("imasig|modsig");

        ImaSignResult signed = ImaSignOperation.Definition.Run(new() { Files = [file], Xattr = "user", Signing = _bench.Identity(TestSigners.P256) }, _bench.Context);
        Skip.If(signed.Signed.IsEmpty || signed.Signed[0].Xattr is null, "user.ima cannot be set here");
        Verdict user = Verify(options with { File = file }).Verdicts[0];
        (user.Answer, user.Code).ShouldBe((Answer.Refuses, "KS4160"));
    }

    [Fact]
    public void A_manifest_where_packages_have_it_is_no_file_to_appraise()
    {
        string tree = _bench.Folder.Folder("tree"), manifest = Path.Combine(tree, "usr/share/ima/linux.manifest");
        Directory.CreateDirectory(Path.GetDirectoryName(manifest)!);
        File.WriteAllBytes(Path.Combine(tree, "vmlinuz"), TestImage.Arm64().Bytes);
        ImaSignOperation.Definition.Run(new() { Files = [tree], Sidecar = true, Manifest = manifest, Signing = _bench.Identity(TestSigners.P256) }, _bench.Context);
        ImaVerifyOptions options = new() { Files = [tree], Certificates = [Pem(TestSigners.P256)] };
        ImaVerifyResult result = ImaVerifyOperation.Definition.Run(options, _bench.Context);
        (result.Exit, result.Files.Length, result.Manifests.Length).ShouldBe((ExitCode.Done, 1, 1));
        result.View().Notes.ShouldHaveSingleItem().ShouldContain("linux.manifest");
        // By its name alone nothing is left out.
        File.WriteAllText(Path.Combine(tree, "usr/share/ima/other.manifest"), "#!/bin/sh\n");
        ImaVerifyOperation.Definition.Run(options, _bench.Context).Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    public void Dispose() => _bench.Dispose();

    private string Pem(TestSigner signer) => signer.CertificateFile(_bench.Folder);

    private string Bundle(string form, params TestSigner[] signers)
    {
        string pem = _bench.Folder.File("bundle.pem", Encoding.ASCII.GetBytes("# trust of the distribution\n" + string.Concat(signers.Select(s => s.Certificate.ExportCertificatePem() + "\n")))), path = _bench.Folder.At("bundle." + form);
        switch (form)
        {
            case "pem": return pem;
            case "p7b": Tool.Run("openssl", "crl2pkcs7", "-nocrl", "-certfile", pem, "-out", path); break;
            case "p7b.der": Tool.Run("openssl", "crl2pkcs7", "-nocrl", "-certfile", pem, "-outform", "DER", "-out", path); break;
            case "esl": _bench.Folder.File("bundle.esl", SignatureList.EncodeAll(signers.Select(s => SignatureList.Of(s.Certificate, Guid.Empty)))); break;
            default: throw new ArgumentOutOfRangeException(nameof(form), form, null);
        }
        return path;
    }

    private Answer[] Answers(VerifyOptions options) => [.. Verify(options).Verdicts.Select(v => v.Answer)];

    private VerifyResult Verify(VerifyOptions options) => VerifyOperation.Definition.Run(options, _bench.Context);
}
