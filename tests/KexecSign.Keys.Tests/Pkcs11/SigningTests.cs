using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pkcs11;

[Collection(SoftHsmCollection.Name)]
public sealed class SigningTests(SoftHsm softHsm)
{
    public static TheoryData<string, string> KeysAndHashes
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string key in (string[])["Rsa2048", "Rsa3072", "Rsa4096", "P256", "P384"])
            {
                foreach (string hash in (string[])["SHA256", "SHA384", "SHA512"])
                    data.Add(key, hash);
            }
            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(KeysAndHashes))]
    public void Signatures_verify_in_the_base_class_library_and_in_openssl(string label, string hashName)
    {
        SoftHsm.Require();
        Tool.Require("openssl");
        byte[] data = RandomNumberGenerator.GetBytes(1000);
        var algorithm = new HashAlgorithmName(hashName);
        byte[] hash = CryptographicOperations.HashData(algorithm, data);

        using var keyring = new Keyring();
        ISigningKey key = keyring.OpenKey(softHsm.Key(label), new PinOptions(), default);
        byte[] signature = key.SignHash(hash, algorithm, default);

        signature.Length.ShouldBeLessThanOrEqualTo(key.MaxSignatureSize);
        Verifies(key, hash, signature, algorithm).ShouldBeTrue();
        OpensslVerifies(key, data, signature, hashName).ShouldBe("Verified OK");
    }

    [SkippableTheory]
    [InlineData("Rsa2048", KeyAlgorithm.Rsa, 2048, "SHA256")]
    [InlineData("Rsa4096", KeyAlgorithm.Rsa, 4096, "SHA256")]
    [InlineData("P256", KeyAlgorithm.Ecdsa, 256, "SHA256")]
    [InlineData("P384", KeyAlgorithm.Ecdsa, 384, "SHA384")]
    public void A_key_says_what_it_is(string label, KeyAlgorithm algorithm, int bits, string hash)
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        ISigningKey key = keyring.OpenKey(softHsm.Key(label), new PinOptions(), default);
        key.Algorithm.ShouldBe(algorithm);
        key.KeySizeBits.ShouldBe(bits);
        key.DefaultHash.Name.ShouldBe(hash);
        key.DisplayName.ShouldBe($"'{label}' in token 'Test token'");
    }

    [SkippableFact]
    public void Certificate_from_the_token_belongs_to_its_key_and_was_signed_inside()
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        foreach (string label in (string[])["Rsa2048", "P256", "P384"])
        {
            ISigningKey key = keyring.OpenKey(softHsm.Key(label), new PinOptions(), default);
            // No PIN: certificates are public.
            X509Certificate2 certificate = keyring.OpenCertificates(SoftHsm.Uri($"token=Test%20token;object={label}"), new PinOptions(), default).ShouldHaveSingleItem();
            CertificateMatch.Require(key, certificate);
            string pem = softHsm.Temporary($"{label}.pem");
            File.WriteAllText(pem, certificate.ExportCertificatePem());
            Tool.Ask("openssl", "verify", "-check_ss_sig", "-CAfile", pem, pem).Output.ShouldContain("OK");
        }
    }

    [SkippableFact]
    public void Keys_made_here_sign_and_do_nothing_else()
    {
        SoftHsm.Require();
        Tool.Require("pkcs11-tool");
        string objects = Tool.Ask(
            "pkcs11-tool", "--module", SoftHsm.ModulePath, "--token-label", SoftHsm.Label, "--login", "--pin", softHsm.Pin, "--list-objects", "--type", "privkey").Output;
        objects.ShouldContain("Access:     sensitive, always sensitive, never extractable, local");
        string[] uses = [.. objects.Split('\n').Where(line => line.Contains("Usage:")).Select(line => line.Trim()).Distinct()];
        uses.ShouldBe(["Usage:      sign"]);
    }

    [SkippableFact]
    public void A_token_that_has_no_ML_DSA_is_not_asked_for_a_key_of_it()
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        var token = keyring.OpenToken(SoftHsm.Uri("token=Test%20token", $"pin-source=file:{softHsm.Folder!.PinPath}"), new PinOptions());
        string message = Refusal.Of("KS2034", () => token.GenerateKeyPair("none", KexecSign.Keys.Kinds.KeyKind.Mldsa65, [9], default)).Message;
        message.ShouldContain("CKM_ML_DSA and ML-DSA-65");
        message.ShouldContain("CKM_ECDSA");
    }

    [SkippableFact]
    public void Eight_threads_sign_at_once_with_one_key_and_every_signature_is_right()
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        ISigningKey rsa = keyring.OpenKey(softHsm.Key("Rsa2048"), new PinOptions(), default);
        ISigningKey ecdsa = keyring.OpenKey(softHsm.Key("P256"), new PinOptions(), default);
        int right = 0;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(n => new Thread(() =>
        {
            ISigningKey key = n % 2 == 0 ? rsa : ecdsa;
            for (int i = 0; i < 25; i++)
            {
                byte[] hash = SHA256.HashData([(byte)n, (byte)i]);
                if (Verifies(key, hash, key.SignHash(hash, HashAlgorithmName.SHA256, default), HashAlgorithmName.SHA256))
                    Interlocked.Increment(ref right);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        right.ShouldBe(200);
    }

    [SkippableTheory]
    [InlineData(20, "SHA1")]
    [InlineData(31, "SHA256")]
    [InlineData(32, "SHA384")]
    public void Refuses_a_hash_that_does_not_fit_its_name(int length, string name)
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        ISigningKey key = keyring.OpenKey(softHsm.Key("Rsa2048"), new PinOptions(), default);
        Refusal.Of("KS2036", () => key.SignHash(new byte[length], new HashAlgorithmName(name), default));
    }

    private static bool Verifies(ISigningKey key, byte[] hash, byte[] signature, HashAlgorithmName algorithm)
    {
        PublicKey publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        if (key.Algorithm == KeyAlgorithm.Rsa)
        {
            using RSA rsa = publicKey.GetRSAPublicKey()!;
            return rsa.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pkcs1);
        }
        using ECDsa ecdsa = publicKey.GetECDsaPublicKey()!;
        return ecdsa.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence);
    }

    private string OpensslVerifies(ISigningKey key, byte[] data, byte[] signature, string hashName)
    {
        string stem = softHsm.Temporary(Guid.NewGuid().ToString("N"));
        File.WriteAllText(stem + ".pub", PemEncoding.WriteString("PUBLIC KEY", key.SubjectPublicKeyInfo.Span));
        File.WriteAllBytes(stem + ".data", data);
        File.WriteAllBytes(stem + ".sig", signature);
        return Tool.Ask("openssl", "dgst", "-" + hashName.ToLowerInvariant(), "-verify", stem + ".pub", "-signature", stem + ".sig", stem + ".data").Output.Trim();
    }
}
