using KexecSign.Commands.Inspect;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Inspection;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Peers;

/// <summary>Files from Debian: signed by peers and verified here, signed here and verified by peers, with one digest.</summary>
public sealed class BothWaysTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("kernel arm64")]
    [InlineData("cloud kernel arm64")]
    [InlineData("signed kernel arm64")]
    [InlineData("cloud kernel amd64")]
    [InlineData("signed kernel amd64")]
    [InlineData("shim arm64")]
    [InlineData("shim amd64")]
    [InlineData("stub arm64")]
    [InlineData("stub amd64")]
    [InlineData("boot loader arm64")]
    public void The_digest_is_the_one_that_pesign_computes(string name)
    {
        string file = DebianFiles.Named(name);
        InspectResult found = InspectOperation.Definition.Run(new() { File = file }, _bench.Context);
        found.AuthenticodeSha256.ShouldBe(ToolDigests.Pesign(file));
        // systemd 252 for arm64 has bytes behind the last section that no header tells of.
        found.Canonical.ShouldBe(name is not ("stub arm64" or "boot loader arm64"));
    }

    [SkippableTheory]
    [InlineData("signed kernel arm64", "Debian")]
    [InlineData("signed kernel amd64", "Debian")]
    [InlineData("shim arm64", "Microsoft")]
    [InlineData("shim amd64", "Microsoft")]
    public void What_Debian_and_Microsoft_signed_holds_and_comes_off(string name, string signer)
    {
        string file = DebianFiles.Named(name), bare = _bench.Folder.At("bare");
        VerifyOperation.Definition.Run(new() { File = file, Consumers = [Consumer.Firmware], NoTrust = true }, _bench.Context).Verdicts[0].SignatureHolds.ShouldBe(true);
        SignaturesListResult listed = SignaturesListOperation.Definition.Run(new() { File = file }, _bench.Context);
        listed.Signatures.ShouldAllBe(s => s.DigestMatches == true && s.SignatureHolds == true);
        listed.Signatures[0].Signer!.Subject.ShouldContain(signer);

        SignaturesRemoveOperation.Definition.Run(new() { File = file, All = true, Output = bare }, _bench.Context);
        // Signed once more, because signers pad to 8 bytes first and shim's symbols end in between.
        _bench.Sign(bare, TestSigners.Rsa2048).Signed[0].ImageDigest.ShouldBe(ToolDigests.Pesign(file));
        Tool.Ask("sbverify", "--list", bare).Output.ShouldContain("No signature table present");
    }

    [SkippableTheory]
    [InlineData("cloud kernel arm64", "sbsign")]
    [InlineData("cloud kernel arm64", "osslsigncode")]
    [InlineData("cloud kernel arm64", "pesign")]
    [InlineData("cloud kernel amd64", "sbsign")]
    [InlineData("cloud kernel amd64", "osslsigncode")]
    [InlineData("cloud kernel amd64", "pesign")]
    [InlineData("stub arm64", "sbsign")]
    [InlineData("stub amd64", "osslsigncode")]
    [InlineData("stub amd64", "sbsign")]
    [InlineData("stub amd64", "pesign")]
    [InlineData("kernel arm64", "osslsigncode")]
    [InlineData("boot loader arm64", "pesign")]
    public void What_a_peer_signed_holds_here(string name, string peer)
    {
        TestSigner signer = TestSigners.Rsa2048;
        string file = DebianFiles.Named(name), signed = _bench.Folder.At("theirs");
        SignBy(peer, signer, file, signed);
        Verify(signed, signer).Answer.ShouldBe(KexecSign.Judging.Answer.Accepts);
        Verify(signed, TestSigners.Other).Answer.ShouldBe(KexecSign.Judging.Answer.Refuses);
        SignaturesListOperation.Definition.Run(new() { File = signed }, _bench.Context).Signatures.ShouldHaveSingleItem().DigestMatches.ShouldBe(true);
        if (name == "cloud kernel arm64")
            Bench.KernelAccepts(signed, signer).ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData("cloud kernel arm64")]
    [InlineData("cloud kernel amd64")]
    [InlineData("signed kernel amd64")]
    [InlineData("shim amd64")]
    [InlineData("stub amd64")]
    [InlineData("kernel arm64")]
    [InlineData("signed kernel arm64")]
    [InlineData("shim arm64")]
    public void What_is_signed_here_holds_there(string name)
    {
        TestSigner signer = TestSigners.Rsa2048;
        string certificate = signer.CertificateFile(_bench.Folder);
        SignedImage signed = _bench.Sign(DebianFiles.Named(name), signer, o => o with { Existing = ExistingSignatures.Replace }).Signed[0];
        Tool.Run("sbverify", "--cert", certificate, signed.File);
        Tool.Run("osslsigncode", "verify", "-CAfile", certificate, "-in", signed.File);
        ToolDigests.Osslsigncode(signed.File).ShouldBe((signed.ImageDigest, signed.ImageDigest));
        ToolDigests.Pesign(signed.File).ShouldBe(signed.ImageDigest);
    }

    [SkippableFact]
    public void Behind_Microsofts_signature_another_is_appended_and_both_hold()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string signed = _bench.Sign(DebianFiles.Named("shim amd64"), signer, o => o with { Existing = ExistingSignatures.Append }).Signed[0].File;
        var listed = SignaturesListOperation.Definition.Run(new() { File = signed }, _bench.Context).Signatures;
        listed[^1].Signer!.Subject.ShouldBe(signer.Certificate.Subject);
        listed.ShouldAllBe(s => s.DigestMatches == true && s.SignatureHolds == true);
        Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), signed);
    }

    [SkippableTheory]
    [InlineData("stub arm64")]
    [InlineData("boot loader arm64")]
    public void Bytes_that_no_header_tells_of_are_not_signed_here(string name) =>
        Refusal.Of("KS1017", () => _bench.Sign(DebianFiles.Named(name), TestSigners.Rsa2048), "more bytes follow");

    public void Dispose() => _bench.Dispose();

    private Verdict Verify(string file, TestSigner signer) => VerifyOperation.Definition.Run(
        new() { File = file, Consumers = [Consumer.Firmware], Certificates = [signer.CertificateFile(_bench.Folder)] }, _bench.Context).Verdicts[0];

    private void SignBy(string peer, TestSigner signer, string file, string signed)
    {
        string key = signer.KeyFile(_bench.Folder), certificate = signer.CertificateFile(_bench.Folder);
        switch (peer)
        {
            case "sbsign":
                Tool.Run("sbsign", "--key", key, "--cert", certificate, "--output", signed, file);
                break;
            case "osslsigncode":
                Tool.Run("osslsigncode", "sign", "-h", "sha256", "-certs", certificate, "-key", key, "-in", file, "-out", signed);
                break;
            default:
                Tool.Run("pesign", "-n", NssDatabase.Of(signer, _bench.Folder), "-c", NssDatabase.Nickname, "-s", "-i", file, "-o", signed);
                break;
        }
    }
}
