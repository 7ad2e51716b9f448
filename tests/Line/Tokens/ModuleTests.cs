using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>Modules other than SoftHSM's own.</summary>
[Collection(nameof(TokenBench))]
public sealed class ModuleTests(TokenBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("rsa")]
    [InlineData("ec")]
    public void A_token_served_by_p11_kit_signs(string label)
    {
        TokenBench.Require();
        using Daemon server = P11KitServer.Start(bench, _folder);
        var environment = new Dictionary<string, string>(bench.Environment)
        {
            ["KEXECSIGN_PKCS11_MODULE"] = P11KitServer.Client,
            ["P11_KIT_SERVER_ADDRESS"] = P11KitServer.Address(_folder),
        };
        // Only the server may find the token.
        environment["SOFTHSM2_CONF"] = _folder.At("none");
        string output = _folder.Folder("out");
        Answer answer = KexecSignProgram.RunWith(environment, bench.SignAll(output, label));
        answer.Exit.ShouldBe(0, answer.Error);
        foreach (string image in bench.Images)
            Tool.Run("sbverify", "--cert", bench.Certificate(label), Path.Combine(output, Path.GetFileName(image)));
    }

    [SkippableTheory]
    [InlineData("rsa2048")]
    [InlineData("p256")]
    public void A_TPM_makes_a_key_and_signs(string algorithm)
    {
        string? module = Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(folder => Path.Combine(folder, "libtpm2_pkcs11.so.1")).FirstOrDefault(File.Exists);
        Tool.Demand(module is not null, "libtpm2_pkcs11.so.1 is missing; apt-get install libtpm2-pkcs11-1");
        Tool.Demand(File.Exists("/usr/bin/swtpm"), "swtpm is missing; apt-get install swtpm");
        string socket = _folder.At("tpm"), control = socket + ".ctrl";
        // Without a resource manager a TPM has room for three objects, so this one gets one key.
        using Daemon tpm = Daemon.Start("swtpm",
            ["socket", "--tpm2", "--tpmstate", "dir=" + _folder.Folder("state"), "--ctrl", "type=unixio,path=" + control,
                "--server", "type=unixio,path=" + socket, "--flags", "not-need-init,startup-clear"], control, []);
        var environment = new Dictionary<string, string>
        {
            ["TPM2_PKCS11_STORE"] = _folder.Folder("store"),
            ["TPM2_PKCS11_TCTI"] = "swtpm:path=" + socket,
            ["TPM2_PKCS11_LOG_LEVEL"] = "0",
            ["PIN"] = "654321",
            ["SO_PIN"] = "123456",
            ["KEXECSIGN_PKCS11_MODULE"] = module!,
        };
        string profile = _folder.At("profile.json");
        File.WriteAllText(profile, $$"""{ "token": "tpm", "module": "{{module}}", "keys": [ { "label": "db", "role": "secure-boot", "algorithm": "{{algorithm}}", "subject": "CN=TPM" } ] }""");
        Answer made = KexecSignProgram.RunWith(environment, "keys", "init", "--profile", profile, "--certificates", _folder.Path, "--pin-env", "PIN", "--so-pin-env", "SO_PIN");
        made.Exit.ShouldBe(0, made.Error);

        string image = _folder.File("image", TestImage.Arm64().Bytes), signed = _folder.At("signed");
        Answer answer = KexecSignProgram.RunWith(environment, "sign", image, "--key", "pkcs11:token=tpm;object=db", "--cert", _folder.At("db.pem"), "--pin-env", "PIN", "-o", signed);
        answer.Exit.ShouldBe(0, answer.Error);
        Tool.Run("sbverify", "--cert", _folder.At("db.pem"), signed);
    }
}
