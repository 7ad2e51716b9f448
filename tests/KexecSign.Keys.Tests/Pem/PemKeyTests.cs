using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pem;

public sealed class PemKeyTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-pem-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Opens_every_PEM_form_of_RSA_and_EC()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        byte[] hash = SHA256.HashData("x"u8);
        using var keyring = new Keyring();
        foreach (string pem in (string[])[rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem(), "text before\n" + rsa.ExportRSAPublicKeyPem() + "\n" + rsa.ExportPkcs8PrivateKeyPem()])
        {
            ISigningKey key = keyring.OpenKey("file:" + In(pem), new(), default);
            rsa.VerifyHash(hash, key.SignHash(hash, HashAlgorithmName.SHA256, default), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
        }
        foreach (string pem in (string[])[ecdsa.ExportPkcs8PrivateKeyPem(), ecdsa.ExportECPrivateKeyPem()])
        {
            ISigningKey key = keyring.OpenKey(In(pem), new(), default);
            key.DefaultHash.ShouldBe(HashAlgorithmName.SHA384);
            ecdsa.VerifyHash(hash, key.SignHash(hash, HashAlgorithmName.SHA256, default), DSASignatureFormat.Rfc3279DerSequence).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("RSA")]
    [InlineData("EC")]
    public void Several_threads_sign_at_a_time_and_each_gets_the_signature_of_its_own_hash(string kind)
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string path = In(kind == "RSA" ? rsa.ExportPkcs8PrivateKeyPem() : ecdsa.ExportPkcs8PrivateKeyPem());
        using var keyring = new Keyring();
        ISigningKey key = keyring.OpenKey(path, new(), default);
        const int threads = 8, each = 25;
        var signatures = new (byte[] Hash, byte[] Signature)[threads * each];
        var together = new Barrier(threads);
        Thread[] signers = [.. Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            together.SignalAndWait();
            for (int i = t * each; i < (t + 1) * each; i++)
            {
                byte[] hash = SHA256.HashData(BitConverter.GetBytes(i));
                signatures[i] = (hash, key.SignHash(hash, HashAlgorithmName.SHA256, default));
            }
        }))];
        Array.ForEach(signers, thread => thread.Start());
        Array.ForEach(signers, thread => thread.Join());
        foreach ((byte[] hash, byte[] signature) in signatures)
        {
            (kind == "RSA"
                ? rsa.VerifyHash(hash, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                : ecdsa.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence)).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(44)]
    [InlineData(65)]
    [InlineData(87)]
    public void A_key_for_ML_DSA_opens_where_OpenSSL_has_it_and_says_what_it_needs_where_not(int set)
    {
        string path = In(PemEncoding.WriteString("PRIVATE KEY", Seed(MlDsaSet.Of(set).Oid)));
        using var keyring = new Keyring();
        if (!MLDsa.IsSupported)
        {
            string message = Refusal.Of("KS2054", () => keyring.OpenKey(path, new(), default)).Message;
            message.ShouldContain($"ML-DSA-{set}");
            message.ShouldContain("OpenSSL 3.5");
            return;
        }
        ISigningKey key = keyring.OpenKey(path, new(), default);
        key.KeySizeBits.ShouldBe(set);
        key.SignData(new byte[10], HashAlgorithmName.SHA512, default).Length.ShouldBe(key.MaxSignatureSize);
        Refusal.Of("KS2038", () => key.SignHash(new byte[64], HashAlgorithmName.SHA512, default));
    }

    // PKCS#8 with nothing but a seed, [0] IMPLICIT OCTET STRING (RFC 9881 section 6), as OpenSSL reads it.
    private static byte[] Seed(string oid)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(oid);
            writer.WriteOctetString([0x80, 32, .. new byte[32]]);
        }
        return writer.Encode();
    }

    [SkippableFact]
    public void Opens_keys_that_openssl_wrote()
    {
        Tool.Require("openssl");
        using var keyring = new Keyring();
        string rsa = Path.Combine(_root.FullName, "rsa.pem");
        Tool.Ask("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", rsa).Exit.ShouldBe(0);
        keyring.OpenKey(rsa, new(), default).KeySizeBits.ShouldBe(3072);
        string ec = Path.Combine(_root.FullName, "ec.pem");
        // This form has an EC PARAMETERS block in front.
        Tool.Ask("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", ec).Exit.ShouldBe(0);
        keyring.OpenKey(ec, new(), default).KeySizeBits.ShouldBe(256);
        string locked = Path.Combine(_root.FullName, "locked.pem");
        Tool.Ask("openssl", "pkcs8", "-topk8", "-in", ec, "-out", locked, "-passout", "pass:geheim", "-v2", "aes256").Exit.ShouldBe(0);
        using var asking = new Keyring(name => name == "PHRASE" ? "geheim" : null);
        asking.OpenKey(locked, new() { EnvironmentVariable = "PHRASE" }, default).KeySizeBits.ShouldBe(256);
    }

    [Fact]
    public void Asks_for_the_pass_phrase_once_and_never_tells_a_wrong_one()
    {
        using RSA rsa = RSA.Create(2048);
        string path = In(rsa.ExportEncryptedPkcs8PrivateKeyPem("right", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        int asked = 0;
        using var keyring = new Keyring(_ => null, _ => { asked++; return "right"; });
        ISigningKey first = keyring.OpenKey(path, new(), default);
        keyring.OpenKey(path, new(), default).ShouldBeSameAs(first);
        asked.ShouldBe(1);
        using var wrong = new Keyring(_ => null, _ => "wr0ng-phrase");
        Refusal.Of("KS2053", () => wrong.OpenKey(path, new(), default)).ToString().ShouldNotContain("wr0ng");
        using var silent = new Keyring();
        Refusal.Of("KS2040", () => silent.OpenKey(path, new(), default));
    }

    [Fact]
    public void Refuses_files_without_one_usable_key()
    {
        using RSA small = RSA.Create(1024);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string good = ecdsa.ExportPkcs8PrivateKeyPem();
        using var keyring = new Keyring();
        Refusal.Of("KS2050", () => keyring.OpenKey("/nonexistent.key", new(), default));
        Refusal.Of("KS2051", () => keyring.OpenKey(In("nothing"), new(), default));
        Refusal.Of("KS2051", () => keyring.OpenKey(In(good + "\n" + good), new(), default));
        Refusal.Of("KS2052", () => keyring.OpenKey(In(new string(PemEncoding.Write("PRIVATE KEY", [0x30, 0x00]))), new(), default));
        Refusal.Of("KS2033", () => keyring.OpenKey(In(small.ExportPkcs8PrivateKeyPem()), new(), default)).Message.ShouldContain("1024");
        Refusal.Of("KS2050", () => keyring.OpenKey(In(new string('x', 70000)), new(), default));
    }

    private string In(string text)
    {
        string path = Path.Combine(_root.FullName, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text);
        return path;
    }
}
