using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Judging.Policies;

namespace KexecSign.Tests.Judging.Policies;

/// <summary>What a policy does not allow is refused: by an empty list, by silence, or by a certificate that only says it is another.</summary>
public sealed class ClosedPolicyTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("""{ "signatures": { "outer": { "keys": [] } } }""", "signatures.outer.keys")]
    [InlineData("""{ "signatures": { "outer": { "digests": [] } } }""", "signatures.outer.digests")]
    [InlineData("""{ "signatures": { "outer": { "algorithms": [] } } }""", "signatures.outer.algorithms")]
    [InlineData("""{ "consumers": [], "signatures": { "outer": { } } }""", "consumers")]
    public void An_empty_list_allows_nothing(string policy, string rule)
    {
        VerifyResult result = Verify(policy, _bench.SignedImage(TestSigners.Rsa2048), TestSigners.Rsa2048);
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
        PolicyFinding broken = result.Policy!.Findings.Where(f => !f.Holds).ShouldHaveSingleItem();
        broken.Rule.ShouldBe(rule);
        broken.Says.ShouldContain("empty");
    }

    [Fact]
    public void A_copied_SubjectKeyIdentifier_is_no_key()
    {
        X509Certificate2 wanted = TestSigners.Rsa2048.Certificate;
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(wanted.SubjectName, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(wanted.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single());
        using X509Certificate2 forged = request.CreateSelfSigned(wanted.NotBefore, wanted.NotAfter);
        string signed = _bench.Folder.At("forged.efi");
        _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Other, o => o with
        {
            Output = signed,
            Signing = new()
            {
                Key = _bench.Folder.File("forged.key", Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem())),
                Certificate = _bench.Folder.File("forged.pem", Encoding.ASCII.GetBytes(forged.ExportCertificatePem())),
            },
        });
        string identifier = Convert.ToHexString(KexecSign.Keys.Certificates.SubjectKeyIdentifier.Of(wanted));
        KexecSign.Keys.Certificates.SubjectKeyIdentifier.Of(forged).ShouldBe(Convert.FromHexString(identifier));
        Refusal.Of("KS3302", () => Verify($$"""{ "signatures": { "outer": { "keys": ["{{identifier}}"] } } }""", signed), "SubjectKeyIdentifier");
        string fingerprint = FoundSignature.Fingerprints(wanted)[1];
        Verify($$"""{ "signatures": { "outer": { "keys": ["{{fingerprint}}"] } } }""", signed).Exit.ShouldBe(ExitCode.VerificationFailed);
        Verify($$"""{ "signatures": { "outer": { "keys": ["{{fingerprint}}"] } } }""", _bench.SignedImage(TestSigners.Rsa2048)).Exit.ShouldBe(ExitCode.Done);
    }

    [SkippableFact]
    public void The_fingerprint_of_a_public_key_is_openssls()
    {
        string der = _bench.Folder.At("key.der"), pem = _bench.Folder.At("key.pem");
        File.WriteAllText(pem, Tool.Run("openssl", "x509", "-in", TestSigners.P256.CertificateFile(_bench.Folder), "-noout", "-pubkey"));
        Tool.Run("openssl", "pkey", "-pubin", "-in", pem, "-outform", "DER", "-out", der);
        FoundSignature.Fingerprints(TestSigners.P256.Certificate)[1].ShouldBe(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(der))));
    }

    [Fact]
    public void What_is_weak_is_refused_unless_it_is_allowed()
    {
        using var key = RSA.Create(1024);
        X509Certificate2 small = new CertificateRequest("CN=small", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        new FoundSignature("sha256", small, true, false).WeakKey.ShouldBe("the key is RSA of 1024 bits");
        new FoundSignature("sha1", TestSigners.Rsa2048.Certificate, true, false).WeakDigest.ShouldBe("the digest is sha1");
        new FoundSignature("sha256", TestSigners.P384.Certificate, true, false).WeakKey.ShouldBeNull();
        new FoundSignature("sha3-256", TestSigners.Rsa2048.Certificate, true, false).WeakDigest.ShouldBeNull();
    }

    [Theory]
    [InlineData("rsa2048", true)]
    [InlineData("p256", false)]
    [InlineData("p384", false)]
    public void Only_RSA_signs_the_same_twice(string signer, bool same) =>
        new FoundSignature("sha256", TestSigners.Named(signer).Certificate, true, false).IsDeterministic.ShouldBe(same);

    [Theory]
    [InlineData("mldsa44")]
    [InlineData("mldsa65")]
    [InlineData("mldsa87")]
    [InlineData("p521")]
    public void Every_key_of_the_product_can_be_named(string algorithm) =>
        PolicyDocument.Read(_bench.Folder.File("policy.json", Encoding.UTF8.GetBytes($$"""{ "signatures": { "outer": { "algorithms": ["{{algorithm}}"] } } }""")), []).Signatures[0].Algorithms!.Value.ShouldBe([algorithm]);

    [Fact]
    public void Dates_count_where_the_policy_says_so()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048), db = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        var later = new KexecSign.Core.RunContext { Keyring = _bench.Context.Keyring, Clock = new Later() };
        foreach ((string expired, ExitCode exit) in ((string, ExitCode)[])[("warn", ExitCode.Done), ("fail", ExitCode.VerificationFailed)])
        {
            string policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes($$"""{ "consumers": ["firmware"], "expired": "{{expired}}", "certificates": { "db": ["{{db}}"] } }"""));
            VerifyOperation.Definition.Run(new() { File = signed, Policy = policy }, later).Exit.ShouldBe(exit);
        }
    }

    [Fact]
    public void A_policy_that_names_nobody_is_satisfied_by_no_stranger()
    {
        foreach (string policy in (string[])["""{ "signatures": { "outer": { "digests": ["sha256"] } } }""", """{ "reproducible": true }""", """{ "parser": { "required": false } }"""])
            Verify(policy, _bench.SignedImage(TestSigners.Other)).Exit.ShouldBe(ExitCode.VerificationFailed, policy);
    }

    public void Dispose() => _bench.Dispose();

    private VerifyResult Verify(string policy, string image, params TestSigner[] trusted) => VerifyOperation.Definition.Run(
        new()
        {
            File = image,
            Policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(policy)),
            Certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))],
        },
        _bench.Context);

    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddYears(50);
    }
}
