using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pem;

/// <summary>Key files as other tools write them; openssl makes each.</summary>
public sealed class OtherFormTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-forms-");

    public void Dispose() => _root.Delete(recursive: true);

    [SkippableTheory]
    [InlineData("rsa -in KEY -aes256 -traditional -passout pass:hunter2 -out OUT")]
    [InlineData("rsa -in KEY -aes128 -traditional -passout pass:hunter2 -out OUT")]
    [InlineData("rsa -in KEY -des3 -traditional -passout pass:hunter2 -out OUT")]
    [InlineData("pkcs8 -topk8 -in KEY -passout pass:hunter2 -out OUT")]
    [InlineData("pkcs8 -topk8 -in KEY -passout pass:hunter2 -outform DER -out OUT")]
    [InlineData("pkcs12 -export -inkey KEY -in CERT -passout pass:hunter2 -out OUT")]
    [InlineData("pkcs12 -export -inkey KEY -in CERT -passout pass:hunter2 -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 -out OUT")]
    public void An_encrypted_key_opens_with_its_pass_phrase_and_no_other(string command)
    {
        string key = RsaKey(), made = Made(command, key);
        using var keyring = new Keyring(name => name == "PW" ? "hunter2" : null);
        Holds(keyring.OpenKey(made, new PinOptions { EnvironmentVariable = "PW" }, default), key);
        using var wrong = new Keyring(name => name == "PW" ? "wr0ng-phrase" : null);
        Refusal.Of("KS2053", () => wrong.OpenKey(made, new PinOptions { EnvironmentVariable = "PW" }, default)).ToString().ShouldNotContain("wr0ng");
        using var silent = new Keyring();
        Refusal.Of("KS2040", () => silent.OpenKey(made, new(), default));
    }

    [SkippableTheory]
    [InlineData("rsa -in KEY -traditional -outform DER -out OUT")]
    [InlineData("pkcs8 -topk8 -nocrypt -in KEY -outform DER -out OUT")]
    public void DER_opens_as_PEM_does(string command)
    {
        string key = RsaKey(), made = Made(command, key);
        using var keyring = new Keyring();
        Holds(keyring.OpenKey(made, new(), default), key);
    }

    [SkippableFact]
    public void An_EC_key_in_the_old_encrypted_form_and_in_DER_opens()
    {
        Tool.Require("openssl");
        string key = At("ec.pem"), old = At("old.pem"), der = At("ec.der");
        Tool.Ask("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key).Exit.ShouldBe(0);
        Tool.Ask("openssl", "ec", "-in", key, "-aes256", "-passout", "pass:hunter2", "-out", old).Exit.ShouldBe(0);
        File.ReadAllText(old).ShouldContain("Proc-Type: 4,ENCRYPTED");
        Tool.Ask("openssl", "ec", "-in", key, "-outform", "DER", "-out", der).Exit.ShouldBe(0);
        using var keyring = new Keyring(name => name == "PW" ? "hunter2" : null);
        keyring.OpenKey(old, new PinOptions { EnvironmentVariable = "PW" }, default).KeySizeBits.ShouldBe(256);
        keyring.OpenKey(der, new(), default).KeySizeBits.ShouldBe(256);
    }

    [SkippableFact]
    public void A_byte_order_mark_in_front_of_PEM_does_no_harm()
    {
        string key = RsaKey(), marked = At("marked.pem");
        File.WriteAllBytes(marked, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(key)]);
        using var keyring = new Keyring();
        Holds(keyring.OpenKey(marked, new(), default), key);
    }

    [Fact]
    public void What_is_damaged_is_an_error_of_its_own()
    {
        using var keyring = new Keyring(name => name == "PW" ? "x" : null);
        foreach (string text in (string[])
        [
            "-----BEGIN KIND-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END KIND-----\n",
            "-----BEGIN KIND-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC\n\nAAAA\n-----END KIND-----\n",
            "-----BEGIN KIND-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: CAMELLIA-256-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END KIND-----\n",
            "-----BEGIN KIND-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,zz112233445566778899AABBCCDDEEFF\n\n####\n-----END KIND-----\n",
            "Proc-Type: 4,ENCRYPTED",
            "0",
            "0\u0003\u0002\u0001\u0003",
        ])
        {
            string path = At("damaged");
            // No file of the repository has the header of a private key.
            File.WriteAllText(path, text.Replace("KIND", "RSA PRIVATE KEY", StringComparison.Ordinal));
            Should.Throw<Formats.Errors.KexecSignException>(() => keyring.OpenKey(path, new PinOptions { EnvironmentVariable = "PW" }, default), text)
                .Code.Id.ShouldBeOneOf("KS2051", "KS2052", "KS2053");
        }
    }

    private static void Holds(ISigningKey key, string pem)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(File.ReadAllText(pem));
        byte[] hash = SHA256.HashData("x"u8);
        rsa.VerifyHash(hash, key.SignHash(hash, HashAlgorithmName.SHA256, default), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
    }

    private string RsaKey()
    {
        Tool.Require("openssl");
        string key = At("plain.key");
        Tool.Ask("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=form", "-keyout", key, "-out", At("plain.pem")).Exit.ShouldBe(0);
        return key;
    }

    private string Made(string command, string key)
    {
        string made = At("made");
        Tool.Ask("openssl", [.. command.Split(' ').Select(word => word switch { "KEY" => key, "CERT" => At("plain.pem"), "OUT" => made, _ => word })]).Exit.ShouldBe(0);
        return made;
    }

    private string At(string name) => Path.Combine(_root.FullName, name);
}
