using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>
/// A module that hands hashes on to a signing server under their names, as siguldry's does (served.c): it takes those hashes alone that
/// the server knows, shows each key as a token of its own, and says no more of a key than it must.
/// </summary>
public sealed class ServedKeyTests : IDisposable
{
    private const string Pin = "1234";
    private readonly TempFolder _folder = new();
    private readonly string _image;

    public ServedKeyTests() => _image = _folder.File("image", TestImage.Arm64().Bytes);

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void Where_the_token_does_not_name_the_usual_hash_a_longer_one_is_signed_and_said()
    {
        Make("p384");
        string signed = _folder.At("signed");
        Answer answer = Sign("p384", signed);
        answer.Exit.ShouldBe(0, answer.Error);
        answer.Error.ShouldContain("signs sha512, not sha384 as usual");
        HoldsWith("sha512", signed, "p384");
    }

    [SkippableFact]
    public void A_process_below_an_agent_hears_of_it_too()
    {
        Make("p384");
        string signed = _folder.At("signed");
        string[] key = ["--key", "pkcs11:token=p384"];
        Answer answer = KexecSignProgram.RunWith(Environment("p384"),
            ["agent", .. key, "--kind", "authenticode", "--pin-env", "SERVED_PIN", "--",
                ProgramUnderTest.Path, "sign", _image, .. key, "--cert", Certificate("p384"), "-o", signed]);
        answer.Exit.ShouldBe(0, answer.Error);
        answer.Error.ShouldContain("signs sha512, not sha384 as usual");
        HoldsWith("sha512", signed, "p384");
    }

    [SkippableFact]
    public void Where_the_token_names_only_a_shorter_hash_it_is_not_signed_unasked()
    {
        Make("p384");
        string signed = _folder.At("signed");
        Dictionary<string, string> shorter = new(Environment("p384")) { ["SERVED_SHORT"] = "1" };
        Answer answer = Sign("p384", signed, shorter);
        answer.Exit.ShouldBe(1, answer.Error);
        answer.Error.ShouldContain("KS2039: token 'p384' did not sign a sha384 hash with CKM_ECDSA: C_Sign of 48 bytes returned "
            + "CKR_ARGUMENTS_BAD (0x7); the hashes that its mechanisms name are sha256.");
        answer.Error.ShouldContain("--digest");
        File.Exists(signed).ShouldBeFalse();
        answer = Sign("p384", signed, shorter, "--digest", "sha256");
        answer.Exit.ShouldBe(0, answer.Error);
        Tool.Run("sbverify", "--cert", Certificate("p384"), signed);
    }

    // 64 bytes are more than P-384 signs: cut to 48 the module does not know the hash by its length, whole it does.
    [SkippableTheory]
    [InlineData("p384", "sha256")]
    [InlineData("p384", "sha512")]
    [InlineData("p256", "sha384")]
    [InlineData("p256", "sha512")]
    [InlineData("rsa", "sha512")]
    public void A_hash_that_is_asked_for_and_taken_is_signed_without_a_word(string name, string digest)
    {
        Make(name);
        string signed = _folder.At("signed");
        Answer answer = Sign(name, signed, null, "--digest", digest);
        answer.Exit.ShouldBe(0, answer.Error);
        answer.Error.ShouldBeEmpty();
        HoldsWith(digest, signed, name);
    }

    // The module has no code for it and says that something failed; that its mechanisms do not name the hash tells what.
    [SkippableFact]
    public void An_RSA_key_whose_server_does_not_know_the_hash_is_refused_with_those_that_it_knows()
    {
        Make("rsa");
        string signed = _folder.At("signed");
        Answer answer = Sign("rsa", signed, null, "--digest", "sha384");
        answer.Exit.ShouldBe(1, answer.Error);
        answer.Error.ShouldContain("KS2039: token 'rsa' did not sign a sha384 hash with CKM_RSA_PKCS: C_Sign of 67 bytes returned "
            + "CKR_GENERAL_ERROR (0x5); the hashes that its mechanisms name are sha256, sha512.");
        File.Exists(signed).ShouldBeFalse();
        Sign("rsa", signed).Exit.ShouldBe(0);
        Tool.Run("sbverify", "--cert", Certificate("rsa"), signed);
    }

    [SkippableFact]
    public void A_key_that_somebody_else_unlocked_is_used_without_a_PIN()
    {
        Make("p256");
        string signed = _folder.At("signed");
        Answer answer = KexecSignProgram.RunWith(new(Environment("p256")) { ["SERVED_OPEN"] = "1" },
            "sign", _image, "--key", "pkcs11:token=p256", "--cert", Certificate("p256"), "-o", signed);
        answer.Exit.ShouldBe(0, answer.Error);
        Tool.Run("sbverify", "--cert", Certificate("p256"), signed);
    }

    [SkippableFact]
    public void Modules_and_files_for_IMA_are_signed_too()
    {
        Make("rsa");
        string module = _folder.File("module.ko", [0x7f, (byte)'E', (byte)'L', (byte)'F', .. new byte[3000]]), output = _folder.At("signed.ko");
        string[] key = ["--key", "pkcs11:token=rsa", "--cert", Certificate("rsa"), "--pin-env", "SERVED_PIN"];
        KexecSignProgram.RunWith(Environment("rsa"), ["module", "sign", module, .. key, "-o", output]).Exit.ShouldBe(0);
        KexecSignProgram.Succeed("module", "verify", output, "--cert", Certificate("rsa"));
        Answer ima = KexecSignProgram.RunWith(Environment("rsa"), ["ima", "sign", module, .. key, "--sidecar"]);
        ima.Exit.ShouldBe(0, ima.Error);
        string der = _folder.At("cert.der");
        Tool.Run("openssl", "x509", "-in", Certificate("rsa"), "-outform", "der", "-out", der);
        Tool.Run("evmctl", "ima_verify", "-a", "sha256", "--sigfile", "--key", der, module).ShouldContain("verification is OK");
    }

    [SkippableFact]
    public void Keys_list_tells_tokens_apart_that_have_one_label_and_one_serial_number()
    {
        string[] names = ["p256", "the-kernel-signing-key-of-release-43", "the-kernel-signing-key-of-release-44"];
        Make(names);
        Answer listed = KexecSignProgram.RunWith(Environment(names), "keys", "list", "--json");
        listed.Exit.ShouldBe(0, listed.Error);
        string[] uris = [.. listed.Json.GetProperty("tokens").EnumerateArray()
            .SelectMany(token => token.GetProperty("keys").EnumerateArray()).Select(key => key.GetProperty("uri").GetString()!)];
        uris.Length.ShouldBe(3, listed.Output);
        uris.Distinct().Count().ShouldBe(3);
        uris[0].ShouldBe("pkcs11:token=p256;object=p256;id=%01");
        for (int i = 0; i < names.Length; i++)
        {
            string signed = _folder.At($"signed{i}");
            Answer answer = KexecSignProgram.RunWith(Environment(names),
                "sign", _image, "--key", uris[i], "--cert", Certificate(names[i]), "--pin-env", "SERVED_PIN", "-o", signed);
            answer.Exit.ShouldBe(0, answer.Error);
            Tool.Run("sbverify", "--cert", Certificate(names[i]), signed);
        }
    }

    private Answer Sign(string name, string output, Dictionary<string, string>? environment = null, params string[] more) =>
        KexecSignProgram.RunWith(environment ?? Environment(name),
            ["sign", _image, "--key", $"pkcs11:token={name}", "--cert", Certificate(name), "--pin-env", "SERVED_PIN", "-o", output, .. more]);

    // sbverify reads SHA-256 alone.
    private void HoldsWith(string digest, string signed, string name)
    {
        ToolAnswer verified = Tool.Ask("osslsigncode", "verify", "-CAfile", Certificate(name), "-in", signed);
        verified.Exit.ShouldBe(0, verified.Output);
        verified.Output.ShouldContain($"Message digest algorithm  : {digest.ToUpperInvariant()}");
    }

    private string Certificate(string name) => _folder.At(name + ".pem");

    private Dictionary<string, string> Environment(params string[] names) => new()
    {
        ["KEXECSIGN_PKCS11_MODULE"] = _folder.At("served.so"),
        ["SERVED_KEYS"] = _folder.Path,
        ["SERVED"] = string.Join(',', names),
        ["SERVED_PIN"] = Pin,
    };

    private void Make(params string[] names)
    {
        Tool.Run("gcc", "-shared", "-fPIC", "-O1", "-o", _folder.At("served.so"), Path.Combine(AppContext.BaseDirectory, "Tokens", "served.c"));
        foreach (string name in names)
        {
            string[] kind = name == "rsa" ? ["-newkey", "rsa:2048"]
                : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + (name == "p384" ? "P-384" : "P-256")];
            string key = _folder.At(name + ".key");
            Tool.Run("openssl", ["req", "-new", "-x509", .. kind, "-nodes", "-subj", $"/CN={name}", "-days", "30", "-keyout", key, "-out", Certificate(name)]);
            Tool.Run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER", "-out", _folder.At(name + ".der"));
        }
    }
}
