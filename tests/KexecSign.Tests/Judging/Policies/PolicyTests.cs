using System.Collections.Immutable;
using System.Text;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Judging.Policies;
using KexecSign.Signing;

namespace KexecSign.Tests.Judging.Policies;

/// <summary>Each rule of a policy, held and broken; the finding names it.</summary>
public sealed class PolicyTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("""{ "consumers": ["firmware", "shim"] }""", null, null)]
    [InlineData("""{ "consumers": ["ima"] }""", "consumers.ima", "KS4640")]
    [InlineData("""{ "consumers": ["bpf"] }""", "consumers.bpf", "KS4640")]
    [InlineData("""{ "signatures": { "outer": { "digests": ["sha256"], "algorithms": ["rsa2048"], "validDays": 0, "atMost": 1 } } }""", null, null)]
    [InlineData("""{ "signatures": { "outer": { "digests": ["sha384"] } } }""", "signatures.outer.digests", "KS4643")]
    [InlineData("""{ "signatures": { "outer": { "algorithms": ["rsa3072", "p256"] } } }""", "signatures.outer.algorithms", "KS4643")]
    [InlineData("""{ "signatures": { "outer": { "validDays": 36500 } } }""", "signatures.outer.validDays", "KS4644")]
    [InlineData("""{ "signatures": { "outer": { "keys": ["0000000000000000000000000000000000000000000000000000000000000000"] } } }""", "signatures.outer.keys", "KS4642")]
    [InlineData("""{ "signatures": { "inner": { } } }""", "signatures.inner.required", "KS4641")]
    [InlineData("""{ "signatures": { "ima": { } } }""", "signatures.ima.required", "KS4641")]
    [InlineData("""{ "sbat": { } }""", "sbat.required", "KS4645")]
    [InlineData("""{ "sbat": { "required": false, "generations": { "linux": 1 } } }""", "sbat.required", "KS4645")]
    [InlineData("""{ "parser": { "required": true } }""", "parser.required", "KS4646")]
    [InlineData("""{ "parser": { "required": false } }""", null, null)]
    [InlineData("""{ "reproducible": true }""", null, null)]
    public void Rules_hold_or_are_broken_by_name(string policy, string? rule, string? code)
    {
        VerifyResult result = Verify(policy, _bench.SignedImage(TestSigners.Rsa2048), TestSigners.Rsa2048);
        ImmutableArray<PolicyFinding> broken = [.. result.Policy.ShouldNotBeNull().Findings.Where(f => !f.Holds)];
        if (rule is null)
        {
            broken.ShouldBeEmpty();
            result.Exit.ShouldBe(ExitCode.Done);
            return;
        }
        PolicyFinding finding = broken.ShouldHaveSingleItem();
        (finding.Rule, finding.Code).ShouldBe((rule, code));
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
        result.View().Notes.ShouldContain(note => note.StartsWith($"{code}: {rule}: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "sbat": { } }""", null)]
    [InlineData("""{ "sbat": { "generations": { "linux": 2, "linux.d": 5 } } }""", null)]
    [InlineData("""{ "sbat": { "generations": { "linux": 3 } } }""", "sbat.generations.linux")]
    [InlineData("""{ "sbat": { "generations": { "grub": 1 } } }""", "sbat.generations.grub")]
    public void The_oldest_row_of_SBAT_counts(string policy, string? rule)
    {
        string rows = _bench.Folder.File("rows", "linux,4,Linux,linux,6,https://kernel.org\nlinux,2,Linux,linux,5,https://kernel.org\nlinux.d,5,D,linux,6,https://d.example\n"u8);
        var image = KexecSign.Formats.Layouts.Layout.Of(TestImage.Arm64().Bytes);
        var with = KexecSign.Zboot.SbatSection.Put(image, rows);
        _bench.Sign(_bench.Folder.File("unsigned", with.ReadBytes(0, with.Length)), TestSigners.Rsa2048);
        Verify(policy, _bench.Folder.At("signed"), TestSigners.Rsa2048).Policy!.Findings.Where(f => !f.Holds).Select(f => f.Rule).ShouldBe(rule is null ? [] : [rule]);
    }

    [Fact]
    public void Keys_are_listed_by_fingerprint_of_certificate_or_public_key_or_by_role()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048), fingerprint = Convert.ToHexString(TestSigners.Rsa2048.Certificate.GetCertHash(System.Security.Cryptography.HashAlgorithmName.SHA256));
        string colons = string.Join(':', fingerprint.Chunk(2).Select(pair => new string(pair)));
        string identifier = PublicKey(TestSigners.Rsa2048);
        foreach (string key in new[] { fingerprint, fingerprint.ToLowerInvariant(), colons, identifier, "db" })
            Verify($$"""{ "signatures": { "outer": { "keys": ["{{key}}"] } } }""", image, TestSigners.Rsa2048).Exit.ShouldBe(ExitCode.Done, key);
    }

    [Fact]
    public void Every_signature_must_be_by_a_key_that_is_listed()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048), identifier = PublicKey(TestSigners.Rsa2048);
        _bench.Sign(image, TestSigners.Other, o => o with { Existing = ExistingSignatures.Append });
        VerifyResult result = Verify($$"""{ "signatures": { "outer": { "keys": ["{{identifier}}"], "atMost": 1 } } }""", _bench.Folder.At("signed"), TestSigners.Rsa2048);
        result.Policy!.Findings.Where(f => !f.Holds).Select(f => f.Rule).ShouldBe(["signatures.outer.atMost", "signatures.outer.keys"]);
        result.Policy.Findings.Single(f => f.Rule == "signatures.outer.atMost").Says.ShouldContain("there are 2, and at most 1 may be there");
        Verify("""{ "signatures": { "outer": { "required": true } } }""", image, TestSigners.Rsa2048).Policy!.Findings.ShouldContain(f => f.Says == "there is 1");
    }

    [Fact]
    public void A_signature_that_only_names_a_key_that_is_listed_does_not_pass()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048), identifier = PublicKey(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(image);
        bytes[0x1000] ^= 1;
        File.WriteAllBytes(image, bytes);
        Verify($$"""{ "signatures": { "outer": { "keys": ["{{identifier}}"] } } }""", image, TestSigners.Rsa2048).Policy!.Findings.Where(f => !f.Holds)
            .Select(f => (f.Rule, f.Code)).ShouldBe([("signatures.outer.holds", "KS4648")]);
    }

    [SkippableTheory]
    [InlineData("""{ "signatures": { "outer": { "digests": ["sha256"] } } }""", true)]
    [InlineData("""{ "signatures": { "outer": { "digests": ["sha256"] } }, "weak": "allow" }""", false)]
    public void What_is_weak_passes_only_where_it_is_allowed(string policy, bool refused)
    {
        TestSigner small = TestSigner.Rsa("small", 1024);
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), signed = _bench.Folder.At("signed"), certificate = small.CertificateFile(_bench.Folder);
        Tool.Run("sbsign", "--key", small.KeyFile(_bench.Folder), "--cert", certificate, "--output", signed, image);
        PolicyFinding[] broken = [.. Verify(policy, signed, small).Policy!.Findings.Where(f => !f.Holds)];
        if (!refused)
        {
            broken.ShouldBeEmpty();
            return;
        }
        PolicyFinding finding = broken.ShouldHaveSingleItem();
        (finding.Rule, finding.Code).ShouldBe(("weak.outer", "KS4163"));
        finding.Says.ShouldContain("the key is RSA of 1024 bits");
    }

    [Fact]
    public void An_open_gate_is_no_gate()
    {
        string image = _bench.SignedImage(TestSigners.Other);
        Verify("""{ "consumers": ["firmware"] }""", image).Policy!.Findings.ShouldHaveSingleItem().Says.ShouldContain("whose it is was not checked");
        Verify("""{ "consumers": ["firmware"] }""", image, TestSigners.Rsa2048).Exit.ShouldBe(ExitCode.VerificationFailed);
        Verify($$"""{ "consumers": ["firmware"], "certificates": ["{{TestSigners.Other.CertificateFile(_bench.Folder)}}"] }""", image).Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void The_image_must_be_for_the_architecture_asked_for()
    {
        string image = _bench.Folder.File("unsigned", TestImage.Arm64().Bytes);
        Verify("""{ "architecture": "arm64" }""", image).Policy!.Findings.ShouldHaveSingleItem().Holds.ShouldBeTrue();
        PolicyFinding finding = Verify("""{ "architecture": "x86_64" }""", image).Policy!.Findings.ShouldHaveSingleItem();
        (finding.Holds, finding.Code).ShouldBe((false, "KS4164"));
        finding.Says.ShouldContain("arm64");
    }

    [Fact]
    public void What_differs_from_build_to_build_is_not_reproducible()
    {
        _bench.Sign(_bench.Folder.File("unsigned", TestImage.Arm64().Bytes), TestSigners.Rsa2048, o => o with { SigningTime = true });
        Verify("""{ "reproducible": true }""", _bench.Folder.At("signed"), TestSigners.Rsa2048).Policy!.Findings.ShouldHaveSingleItem().Says.ShouldContain("time");
        string ecdsa = _bench.SignedImage(TestSigners.P256);
        Verify("""{ "reproducible": true }""", ecdsa, TestSigners.P256).Policy!.Findings.ShouldHaveSingleItem().Says.ShouldContain("a key of p256");
        byte[] gzip = [0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        string zboot = _bench.SignedImage(TestSigners.Rsa2048, TestImage.Zboot(gzip, "gzip"));
        using var judged = KexecSign.Judging.JudgedFile.Open(zboot, _bench.Context);
        PolicyFinding finding = PolicyCheck.Judge(Policy("""{ "reproducible": true }"""), judged, KexecSign.Judging.TrustedRoles.None, _bench.Context).Findings.First(f => f.Rule == "reproducible");
        (finding.Holds, finding.Code).ShouldBe((false, "KS4647"));
        finding.Says.ShouldContain("gzip");
    }

    [SkippableFact]
    public void The_parser_must_be_of_the_kernel_series_asked_for()
    {
        string parser = _bench.Folder.File("parser.o", ParserSources.Object("zboot", 6)), image = _bench.Folder.File("unsigned", TestImage.Arm64().Bytes), with = _bench.Folder.At("with");
        KexecSign.Commands.Bpf.BpfEmbedOperation.Definition.Run(new() { Image = image, Parser = parser, Output = with }, _bench.Context);
        Verify("""{ "parser": { "required": true, "abi": ["v6"] } }""", with).Policy!.Findings.ShouldAllBe(f => f.Holds);
        Verify("""{ "parser": { "abi": ["v5"] } }""", with).Policy!.Findings.ShouldHaveSingleItem().Rule.ShouldBe("parser.abi");
        Verify("""{ "parser": { "required": false } }""", with).Policy!.Findings.ShouldHaveSingleItem().Holds.ShouldBeFalse();
    }

    [Fact]
    public void The_IMA_signers_certificate_is_found_by_its_key_id()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048);
        ImaSignOperation.Definition.Run(new() { Files = [image], Sidecar = true, Signing = _bench.Identity(TestSigners.P256) }, _bench.Context);
        string db = TestSigners.Rsa2048.CertificateFile(_bench.Folder), ima = TestSigners.P256.CertificateFile(_bench.Folder);
        Verify($$"""{ "certificates": { "db": ["{{db}}"], "ima": ["{{ima}}"] }, "signatures": { "ima": { "algorithms": ["p256"], "digests": ["sha256"] } } }""", image).Exit.ShouldBe(ExitCode.Done);
        Verify($$"""{ "certificates": { "db": ["{{db}}"], "ima": ["{{db}}"] }, "signatures": { "ima": { "algorithms": ["p256"] } } }""", image).Policy!.Findings.Where(f => !f.Holds).Select(f => f.Rule).ShouldBe(["signatures.ima.holds", "signatures.ima.algorithms"]);
    }

    [Theory]
    [InlineData("{}", "KS3302", "no rule")]
    [InlineData("""{ "consumer": ["firmware"] }""", "KS3303", "'consumer'")]
    [InlineData("""{ "consumers": ["frimware"] }""", "KS3302", "'frimware'")]
    [InlineData("""{ "signatures": { "outer": { "keys": ["12"] } } }""", "KS3302", "'12'")]
    [InlineData("""{ "signatures": { "inner": { "atMost": 1 } } }""", "KS3303", "'atMost'")]
    [InlineData("""{ "sbat": { "generations": { "linux": "1" } } }""", "KS3302", "'linux'")]
    [InlineData("""{ "reproducible": "yes" }""", "KS3302", "true or false")]
    [InlineData("""{ "reproducible": false }""", "KS3302", "no rule")]
    [InlineData("""{ "signatures": { "outer": { "required": false } } }""", "KS3302", "no rule")]
    [InlineData("""{ "sbat": { "required": false }, "parser": { } }""", "KS3302", "no rule")]
    [InlineData("""{ "signatures": { "outer": { "keys": ["0000000000000000000000000000000000000000"] } } }""", "KS3302", "SubjectKeyIdentifier")]
    [InlineData("""{ "consumers": ["firmware", "kexec"] }""", "KS3302", "'architecture'")]
    [InlineData("""{ "consumers": ["firmware"], "certificates": { "dbx": ["a"] } }""", "KS3303", "'dbx'")]
    public void What_is_no_policy_is_refused_where_it_stands(string policy, string code, string told) =>
        Refusal.Of(code, () => Policy(policy), "policy.json:1:", told);

    public void Dispose() => _bench.Dispose();

    // As 'openssl x509 -pubkey | openssl pkey -pubin -outform DER | sha256sum'.
    private static string PublicKey(TestSigner signer) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(signer.Certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private PolicyDocument Policy(string text) => PolicyDocument.Read(_bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(text)), []);

    private VerifyResult Verify(string policy, string image, params TestSigner[] trusted) => VerifyOperation.Definition.Run(
        new()
        {
            File = image,
            Policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(policy)),
            Certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))],
        },
        _bench.Context);
}
