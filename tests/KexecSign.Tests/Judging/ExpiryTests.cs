using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Pe;
using KexecSign.Judging;
using KexecSign.Signing;
using KexecSign.Tests.Signing.Timestamps;

namespace KexecSign.Tests.Judging;

/// <summary>Certificates that are out of date, where a release process lets that count, and timestamps that show that they were not.</summary>
public sealed class ExpiryTests : IDisposable
{
    private static readonly DateTimeOffset Late = DateTimeOffset.UtcNow.AddYears(60);

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Shim)]
    [InlineData(Consumer.Kexec)]
    public void A_trusted_timestamp_from_then_lets_an_expired_certificate_pass(Consumer consumer)
    {
        using var server = LocalTimestampServer.Sound(_bench.Folder);
        string signed = Stamped(server.Url);
        Verdict kept = Judge(signed, consumer, o => o with { TimestampAuthorities = [server.CertificateFile] });
        kept.Answer.ShouldBe(KexecSign.Judging.Answer.Accepts);
        kept.Reason.ShouldContain("CN=test tsa saw the signature on " + DateTime.UtcNow.ToString("yyyy-"));
        Judge(signed, consumer, o => o).Code.ShouldBe("KS4108");
        // Who looks at no dates looks at no timestamps either.
        Judge(signed, consumer, o => o with { ExpiredFails = false }).Reason.ShouldContain("which does not count there");
    }

    [SkippableFact]
    public void A_timestamp_of_somebody_else_does_not()
    {
        using var server = LocalTimestampServer.Sound(_bench.Folder);
        Verdict refused = Judge(Stamped(server.Url), Consumer.Firmware, o => o with { TimestampAuthorities = [TestSigners.Other.CertificateFile(_bench.Folder)] });
        refused.Code.ShouldBe("KS4119");
        refused.Reason.ShouldContain("CN=test tsa, which none of the 1 trusted");
    }

    [SkippableFact]
    public void A_timestamp_from_when_the_certificate_was_out_of_date_does_not()
    {
        using var server = LocalTimestampServer.Sound(_bench.Folder);
        using var key = RSA.Create(2048);
        using X509Certificate2 old = new CertificateRequest("CN=old", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(new(2019, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2021, 1, 1, 0, 0, 0, TimeSpan.Zero));
        string keyFile = _bench.Folder.File("old.key", System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        string certificate = _bench.Folder.File("old.pem", System.Text.Encoding.ASCII.GetBytes(old.ExportCertificatePem()));
        string signed = Stamped(server.Url, new() { Key = keyFile, Certificate = certificate });
        Verdict refused = Judge(signed, Consumer.Firmware, o => o with { TimestampAuthorities = [server.CertificateFile], Certificates = [certificate] });
        refused.Code.ShouldBe("KS4119");
        refused.Reason.ShouldContain($"valid from 2019-01-01 to 2021-01-01, and no timestamp shows that it signed then: CN=test tsa stamped it on {DateTime.UtcNow:yyyy}");
    }

    [SkippableFact]
    public void A_timestamp_of_another_signature_does_not()
    {
        using var server = LocalTimestampServer.Sound(_bench.Folder);
        (PeImage image, var file) = Bench.Read(Stamped(server.Url));
        ReadOnlyMemory<byte> token = AuthenticodeSignature.Decode(CertificateTable.Read(image, file)[0].Pkcs7()).TimestampTokens[0];
        foreach ((ReadOnlyMemory<byte> moved, string reason) in ((ReadOnlyMemory<byte>, string)[])[(token, "does not hold for this signature"), (new byte[] { 0x30, 0 }, "cannot be read")])
        {
            var identity = SigningIdentity.Open("sign", _bench.Identity(TestSigners.Rsa2048), _bench.Context);
            using FileSource source = FileSource.Open(_bench.Folder.File("other", TestImage.Arm64(seed: 8).Bytes));
            var pending = PendingSignature.Prepare(source.ToLayout(), identity, ExistingSignatures.Refuse, fit: false);
            string target = _bench.Folder.At("moved");
            using ImageSigning signing = ImageSigning.Begin(pending, identity, OutputFile.Create(target), _bench.Context, []);
            byte[] toBeSigned = pending.ToBeSigned(signing.ImageDigest.ToArray());
            signing.Use(pending.Assemble(identity.Key.SignHash(toBeSigned, identity.Hash, default), moved));
            signing.Finish();
            Verdict refused = Judge(target, Consumer.Firmware, o => o with { TimestampAuthorities = [server.CertificateFile] });
            refused.Code.ShouldBe("KS4119");
            refused.Reason.ShouldContain(reason);
        }
    }

    public void Dispose() => _bench.Dispose();

    private string Stamped(string server, SigningOptions? identity = null)
    {
        string target = _bench.Folder.At("stamped");
        _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Rsa2048, o => o with
        {
            Output = target,
            Signing = identity ?? o.Signing,
            Timestamp = o.Timestamp with { Servers = [server], Unverified = true },
        });
        return target;
    }

    private Verdict Judge(string file, Consumer consumer, Func<VerifyOptions, VerifyOptions> change)
    {
        var context = new RunContext { Keyring = _bench.Context.Keyring, Clock = new FixedClock(Late) };
        VerifyOptions options = new() { File = file, Consumers = [consumer], ExpiredFails = true, Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] };
        return VerifyOperation.Definition.Run(change(options), context).Verdicts.ShouldHaveSingleItem();
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
