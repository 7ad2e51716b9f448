using KexecSign.Commands.Sign;
using KexecSign.Commands.Signatures;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Tests.Signing.Timestamps;

/// <summary>Timestamps by 'openssl ts', and files that sbverify and the kernel's model take as before.</summary>
public sealed class TimestampTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("rsa2048", 0u)]
    [InlineData("rsa2048", 0x1234u)]
    [InlineData("p384", 0u)]
    public void A_signature_is_timestamped(string name, uint checkSum)
    {
        TestSigner signer = TestSigners.Named(name);
        using var server = LocalTimestampServer.Sound(_bench.Folder);
        SignedImage signed = Sign(signer, [server.Url], checkSum);

        (PeImage image, var file) = Bench.Read(signed.File);
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(CertificateTable.Read(image, file).ShouldHaveSingleItem().Pkcs7());
        Tool.Run("openssl", "ts", "-verify", "-token_in", "-in", _bench.Folder.File("token", signature.TimestampTokens.ShouldHaveSingleItem().Span),
            "-data", _bench.Folder.File("value", signature.SignatureValue.Span), "-CAfile", server.CertificateFile);
        SignaturesListOperation.Definition.Run(new() { File = signed.File }, _bench.Context).Signatures[0].Timestamps.ShouldHaveSingleItem()
            .ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromHours(1));

        if (name == "rsa2048")
            Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), signed.File);
        Bench.KernelAccepts(signed.File, signer).ShouldBeTrue();
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(signed.File))).ShouldBe(signed.Sha256);
        (image.CertificateTable.Address + (long)image.CertificateTable.Size).ShouldBe(signed.Size);
    }

    [SkippableFact]
    public void Servers_are_tried_in_order_until_one_answers()
    {
        byte[] stale = LocalTimestampServer.Stale(_bench.Folder);
        using var silent = LocalTimestampServer.Broken(_bench.Folder, _ => null);
        using var refusing = LocalTimestampServer.Broken(_bench.Folder, context => Status(context, 503));
        using var lying = LocalTimestampServer.Broken(_bench.Folder, _ => stale);
        using var sound = LocalTimestampServer.Sound(_bench.Folder);
        using var spare = LocalTimestampServer.Sound(_bench.Folder);
        Sign(TestSigners.Rsa2048, [silent.Url, refusing.Url, lying.Url, sound.Url, spare.Url]);
        (silent.Asked, refusing.Asked, lying.Asked, sound.Asked, spare.Asked).ShouldBe((1, 1, 1, 1, 0));
    }

    [SkippableFact]
    public void Nothing_is_written_when_no_server_gives_one()
    {
        byte[] stale = LocalTimestampServer.Stale(_bench.Folder);
        using var garbled = LocalTimestampServer.Broken(_bench.Folder, _ => [1, 2, 3]);
        using var endless = LocalTimestampServer.Broken(_bench.Folder, _ => new byte[1 << 20]);
        using var lying = LocalTimestampServer.Broken(_bench.Folder, _ => stale);
        KexecSignException refused = Refusal.Of("KS3801", () => Sign(TestSigners.Rsa2048, [garbled.Url, endless.Url, lying.Url, "http://127.0.0.1:9/"]), "4 of 4", garbled.Url, lying.Url);
        refused.Message.ShouldContain("no valid timestamp");
        File.Exists(_bench.Folder.At("signed")).ShouldBeFalse();
    }

    [SkippableFact]
    public void The_deadline_for_all_ends_the_waiting()
    {
        using var silent = LocalTimestampServer.Broken(_bench.Folder, _ => null);
        using var sound = LocalTimestampServer.Sound(_bench.Folder);
        Refusal.Of("KS3801", () => Sign(TestSigners.Rsa2048, [silent.Url, sound.Url], change: o => o with { Timestamp = o.Timestamp with { AttemptSeconds = 60, TotalSeconds = 1 } }), "1 of 2", "within the 1 s");
        sound.Asked.ShouldBe(0);
    }

    [Fact]
    public void Refuses_what_is_no_URL_and_a_padded_image()
    {
        Refusal.Of("KS3012", () => Sign(TestSigners.Rsa2048, ["ftp://x/"]), "ftp://x/");
        Refusal.Of("KS3011", () => Sign(TestSigners.Rsa2048, ["http://127.0.0.1:9/"], change: o => o with { Fit = true }), "--fit", "--timestamp");
    }

    [SkippableFact]
    public void An_answer_of_somebody_else_is_not_built_in()
    {
        using var server = LocalTimestampServer.Sound(_bench.Folder);
        Sign(TestSigners.Rsa2048, [server.Url], change: Trusting(server.CertificateFile));
        Refusal.Of("KS3801", () => Sign(TestSigners.Rsa2048, [server.Url], change: Trusting(TestSigners.Other.CertificateFile(_bench.Folder))), "CN=test tsa, which none of the 1 certificate(s) of --tsa");
        Refusal.Of("KS3333", () => Sign(TestSigners.Rsa2048, [server.Url], change: o => o with { Timestamp = o.Timestamp with { Unverified = false } }), "--tsa-unverified");
        Refusal.Of("KS3011", () => Sign(TestSigners.Rsa2048, [server.Url], change: o => o with { Timestamp = o.Timestamp with { Authorities = [server.CertificateFile] } }), "--tsa-unverified");

        static Func<SignOptions, SignOptions> Trusting(string authority) => o => o with { Timestamp = o.Timestamp with { Unverified = false, Authorities = [authority] } };
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_the_authoritys_chain_travels_along(bool unverified)
    {
        using var server = LocalTimestampServer.Sound(_bench.Folder, TestSigners.Other.CertificateFile(_bench.Folder), TestSigners.Rsa4096.CertificateFile(_bench.Folder));
        SignedImage signed = Sign(TestSigners.Rsa2048, [server.Url], change: o => o with
        {
            Timestamp = o.Timestamp with { Unverified = unverified, Authorities = unverified ? [] : [server.CertificateFile] },
        });
        (PeImage image, var file) = Bench.Read(signed.File);
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(CertificateTable.Read(image, file)[0].Pkcs7());
        var cms = new System.Security.Cryptography.Pkcs.SignedCms();
        cms.Decode(signature.TimestampTokens[0].Span);
        cms.Certificates.ShouldHaveSingleItem().Subject.ShouldBe("CN=test tsa");
        Tool.Run("openssl", "ts", "-verify", "-token_in", "-in", _bench.Folder.File("token", signature.TimestampTokens[0].Span),
            "-data", _bench.Folder.File("value", signature.SignatureValue.Span), "-CAfile", server.CertificateFile);
    }

    [SkippableTheory]
    [InlineData("1700000000", "2023-11-14T22:13:20Z")]
    [InlineData(null, null)]
    public void A_signing_time_is_SOURCE_DATE_EPOCH_or_now(string? epoch, string? expected)
    {
        SignedImage signed = WithEpoch(epoch);
        (PeImage image, var file) = Bench.Read(signed.File);
        DateTimeOffset time = AuthenticodeSignature.Decode(CertificateTable.Read(image, file)[0].Pkcs7()).SigningTime.ShouldNotBeNull();
        if (expected is null)
            time.ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromHours(1));
        else
            time.ShouldBe(DateTimeOffset.Parse(expected));
        Tool.Run("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), signed.File);
        Bench.KernelAccepts(signed.File, TestSigners.Rsa2048).ShouldBeTrue();
    }

    [Fact]
    public void Refuses_a_signing_time_that_the_kernel_would()
    {
        Refusal.Of("KS3803", () => WithEpoch("1"), "1970-01-01", "2020-01-01");
        Refusal.Of("KS3803", () => WithEpoch("253402300799"), "9999-12-31");
        Refusal.Of("KS3802", () => WithEpoch("yesterday"), "yesterday");
        Refusal.Of("KS3802", () => WithEpoch("999999999999999"));
    }

    public void Dispose() => _bench.Dispose();

    private SignedImage Sign(TestSigner signer, string[] servers, uint checkSum = 0, Func<SignOptions, SignOptions>? change = null)
    {
        TestImage image = TestImage.Arm64();
        image.OptionalField(64, checkSum);
        return _bench.Sign(_bench.Folder.File("image", image.Bytes), signer, o =>
        {
            o = o with { Timestamp = o.Timestamp with { Servers = [.. servers], AttemptSeconds = 3, Unverified = true } };
            return change is null ? o : change(o);
        }).Signed[0];
    }

    private SignedImage WithEpoch(string? epoch)
    {
        var context = new RunContext { Keyring = _bench.Context.Keyring, Environment = name => name == "SOURCE_DATE_EPOCH" ? epoch : null };
        return SignOperation.Definition.Run(new()
        {
            Files = [_bench.Folder.File("image", TestImage.Arm64().Bytes)],
            Output = _bench.Folder.At("signed"),
            SigningTime = true,
            Signing = _bench.Identity(TestSigners.Rsa2048),
        }, context).Signed[0];
    }

    private static byte[] Status(System.Net.HttpListenerContext context, int status)
    {
        context.Response.StatusCode = status;
        return [];
    }
}
