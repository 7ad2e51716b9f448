using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Ima;
using KexecSign.Signing;
using KexecSign.Verification;

namespace KexecSign.Tests.Verification;

public sealed class VerifyOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Shim)]
    [InlineData(Consumer.Kexec)]
    public void A_signed_kernel_is_taken(Consumer consumer)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        Judge(signed, consumer, TestSigners.Rsa2048).ShouldBe((Answer.Accepts, null));
        Judge(signed, consumer).ShouldBe((Answer.Accepts, null));
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4104")]
    [InlineData(Consumer.Shim, "KS4104")]
    [InlineData(Consumer.Kexec, "KS40")]
    public void Not_with_another_certificate(Consumer consumer, string code)
    {
        (Answer answer, string? found) = Judge(_bench.SignedImage(TestSigners.Rsa2048), consumer, TestSigners.Other);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4102")]
    [InlineData(Consumer.Shim, "KS4102")]
    [InlineData(Consumer.Kexec, "KS40")]
    public void Not_with_a_flipped_byte(Consumer consumer, string code)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(signed);
        bytes[0x2345] ^= 1;
        (Answer answer, string? found) = Judge(_bench.Folder.File("flipped", bytes), consumer, TestSigners.Rsa2048);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4103")]
    [InlineData(Consumer.Kexec, "KS40")]
    public void Not_with_a_changed_signature(Consumer consumer, string code)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(signed);
        bytes[^20] ^= 1;
        (Answer answer, string? found) = Judge(_bench.Folder.File("changed", bytes), consumer, TestSigners.Rsa2048);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4101")]
    [InlineData(Consumer.Shim, "KS4101")]
    [InlineData(Consumer.Kexec, "KS40")]
    [InlineData(Consumer.Ima, "KS4111")]
    [InlineData(Consumer.Bpf, "KS4121")]
    public void Not_without_a_signature_or_parser(Consumer consumer, string code)
    {
        (Answer answer, string? found) = Judge(_bench.Folder.File("image", TestImage.Arm64().Bytes), consumer, TestSigners.Rsa2048);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Fact]
    public void Firmware_refuses_ECDSA_and_the_kernel_takes_it()
    {
        string signed = _bench.SignedImage(TestSigners.P256);
        Judge(signed, Consumer.Firmware, TestSigners.P256).ShouldBe((Answer.Refuses, "KS4105"));
        Judge(signed, Consumer.Kexec, TestSigners.P256).ShouldBe((Answer.Accepts, null));
    }

    [Fact]
    public void Firmware_looks_at_every_signature_and_the_kernel_at_the_first()
    {
        string twice = _bench.Sign(_bench.SignedImage(TestSigners.Other), TestSigners.Rsa2048, o => o with { Existing = ExistingSignatures.Append }).Signed[0].File;
        Judge(twice, Consumer.Firmware, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
        Judge(twice, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
        Judge(twice, Consumer.Kexec, TestSigners.Other).Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void An_authority_is_enough_when_the_signers_certificate_travels_along()
    {
        string signed = _bench.SignedImage(TestSigners.Leaf);
        Judge(signed, Consumer.Firmware, TestSigners.Authority).Answer.ShouldBe(Answer.Accepts);
        Judge(signed, Consumer.Kexec, TestSigners.Authority).Answer.ShouldBe(Answer.Accepts);
        Judge(signed, Consumer.Firmware, TestSigners.Leaf).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableFact]
    public void A_digest_in_dbx_revokes()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        string list = _bench.Folder.At("dbx.esl");
        Tool.Run("hash-to-efi-sig-list", signed, list);
        foreach (Consumer consumer in (Consumer[])[Consumer.Firmware, Consumer.Shim])
            Judge(signed, consumer, list, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4106"));
        Judge(_bench.SignedImage(TestSigners.Rsa2048, TestImage.Arm64(seed: 9)), Consumer.Firmware, list, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableTheory]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Shim)]
    [InlineData(Consumer.Kexec)]
    public void A_certificate_in_dbx_revokes(Consumer consumer)
    {
        string list = CertificateList(TestSigners.Leaf);
        Judge(_bench.SignedImage(TestSigners.Leaf), consumer, list, TestSigners.Authority).Answer.ShouldBe(Answer.Refuses);
        Judge(_bench.SignedImage(TestSigners.Rsa2048), consumer, list, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableFact]
    public void An_authority_in_dbx_revokes_what_it_issued_though_it_does_not_travel_along()
    {
        string list = CertificateList(TestSigners.Authority);
        Judge(_bench.SignedImage(TestSigners.Leaf), Consumer.Firmware, list, TestSigners.Leaf).ShouldBe((Answer.Refuses, "KS4106"));
    }

    [SkippableFact]
    public void A_revoked_signature_spoils_a_good_one()
    {
        string twice = _bench.Sign(_bench.SignedImage(TestSigners.Rsa2048), TestSigners.Other, o => o with { Existing = ExistingSignatures.Append }).Signed[0].File;
        Judge(twice, Consumer.Firmware, CertificateList(TestSigners.Other), TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4106"));
    }

    [SkippableFact]
    public void A_certificate_in_dbx_that_nobody_can_read_does_not_stop_the_rest()
    {
        byte[] list = File.ReadAllBytes(CertificateList(TestSigners.Other));
        list[60] ^= 0xFF;
        Judge(_bench.SignedImage(TestSigners.Rsa2048), Consumer.Kexec, _bench.Folder.File("broken.esl", list), TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void A_broken_list_is_an_error_that_names_it()
    {
        string list = _bench.Folder.File("broken.esl", new byte[30]);
        var refused = Should.Throw<KexecSignException>(() => Judge(_bench.SignedImage(TestSigners.Rsa2048), Consumer.Firmware, list, TestSigners.Rsa2048));
        refused.File.ShouldBe(list);
    }

    [Fact]
    public void Ima_takes_the_sidecar_until_it_or_the_file_is_changed()
    {
        string file = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        ImaSignOperation.Definition.Run(new() { Files = [file], Signing = _bench.Identity(TestSigners.P384) }, _bench.Context);
        Judge(file, Consumer.Ima, TestSigners.P384).ShouldBe((Answer.Accepts, null));
        Judge(file, Consumer.Ima, TestSigners.Other).ShouldBe((Answer.Refuses, "KS4112"));
        byte[] value = File.ReadAllBytes(file + ".sig");
        value[^1] ^= 1;
        File.WriteAllBytes(file + ".sig", value);
        Judge(file, Consumer.Ima, TestSigners.P384).ShouldBe((Answer.Refuses, "KS4113"));
    }

    [SkippableFact]
    public void Bpf_takes_a_parser_and_refuses_zstd()
    {
        string parser = Parsers.Compile(_bench.Folder), embedded = _bench.Folder.At("embedded");
        Embed(TestZboot.Gzip(TestImage.Arm64().Bytes));
        Judge(embedded, Consumer.Bpf).ShouldBe((Answer.Accepts, null));
        Embed(TestZboot.Zstd(TestImage.Arm64().Bytes, _bench.Folder));
        Judge(embedded, Consumer.Bpf).ShouldBe((Answer.Refuses, "KS4122"));

        void Embed(TestImage image) => KexecSign.Bpf.BpfEmbedOperation.Definition.Run(
            new() { Image = _bench.Folder.File("zboot", image.Bytes), Parser = parser, Output = embedded }, _bench.Context);
    }

    [Fact]
    public void Kexec_judges_the_kernel_inside_a_zboot_image()
    {
        string good = Zboot(TestSigners.Rsa2048), bad = Zboot(TestSigners.Other);
        Judge(good, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
        Judge(bad, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
        Judge(bad, Consumer.Firmware, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);

        string Zboot(TestSigner inner) => _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(inner))));
    }

    [Fact]
    public void Without_a_word_each_consumer_that_has_something_is_asked()
    {
        string plain = _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(TestImage.Arm64().Bytes));
        Verify(plain).Verdicts.Select(v => v.Consumer).ShouldBe([Consumer.Firmware]);
        string inner = _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048))));
        ImaSignOperation.Definition.Run(new() { Files = [inner], Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        VerifyResult result = Verify(inner, TestSigners.Rsa2048);
        result.Verdicts.Select(v => v.Consumer).ShouldBe([Consumer.Firmware, Consumer.Kexec, Consumer.Ima]);
        result.Exit.ShouldBe(ExitCode.Done);
        result.TrustChecked.ShouldBeTrue();
    }

    [Fact]
    public void A_broken_payload_is_kexecs_verdict_and_hides_nothing()
    {
        TestImage zboot = TestZboot.Gzip(TestImage.Arm64().Bytes);
        zboot.Bytes.AsSpan((int)zboot.U32(8) + 10, 64).Fill(0xAA);
        VerifyResult result = Verify(_bench.SignedImage(TestSigners.Rsa2048, zboot), TestSigners.Rsa2048);
        result.Verdicts.Select(v => (v.Consumer, v.Answer)).ShouldBe([(Consumer.Firmware, Answer.Accepts), (Consumer.Kexec, Answer.Refuses)]);
        result.Verdicts[1].Code!.ShouldStartWith("KS120");
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    [Fact]
    public void What_was_signed_and_then_padded_is_refused()
    {
        byte[] signed = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        string padded = _bench.Folder.File("padded", [.. signed, .. new byte[TestImage.ImageSize - signed.Length]]);
        Judge(padded, Consumer.Firmware, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS1018"));
        Judge(padded, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
    }

    [SkippableFact]
    public void Debians_own_signature_holds()
    {
        string kernel = DebianKernels.Signed().Path;
        VerifyResult result = Verify(kernel);
        result.Verdicts.Select(v => (v.Consumer, v.Answer)).ShouldBe([(Consumer.Firmware, Answer.Accepts), (Consumer.Kexec, Answer.Accepts)]);
        Verify(kernel, TestSigners.Rsa2048).Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    public void Dispose() => _bench.Dispose();

    private string CertificateList(TestSigner signer)
    {
        string list = _bench.Folder.At("dbx.esl");
        Tool.Run("cert-to-efi-sig-list", signer.CertificateFile(_bench.Folder), list);
        return list;
    }

    private VerifyResult Verify(string file, params TestSigner[] trusted) =>
        VerifyOperation.Definition.Run(new() { File = file, Certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))] }, _bench.Context);

    private (Answer Answer, string? Code) Judge(string file, Consumer consumer, params TestSigner[] trusted) => Judge(file, consumer, null, trusted);

    private (Answer Answer, string? Code) Judge(string file, Consumer consumer, string? dbx, params TestSigner[] trusted)
    {
        VerifyResult result = VerifyOperation.Definition.Run(
            new() { File = file, Consumers = [consumer], Dbx = dbx, Certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))] }, _bench.Context);
        Verdict verdict = result.Verdicts.ShouldHaveSingleItem();
        result.Exit.ShouldBe(verdict.Answer == Answer.Accepts ? ExitCode.Done : ExitCode.VerificationFailed);
        verdict.Reason.ShouldNotBeEmpty();
        return (verdict.Answer, verdict.Code);
    }
}
