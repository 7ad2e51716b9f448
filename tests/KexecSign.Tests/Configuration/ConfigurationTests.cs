using KexecSign.Commands.Build;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Verify;
using KexecSign.Configuration;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;

namespace KexecSign.Tests.Configuration;

public sealed class ConfigurationTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Bench _bench = new();
    private readonly string _work, _user, _system;

    public ConfigurationTests()
    {
        _work = Path.Combine(_bench.Folder.Folder("work"), "kexecsign.json");
        Directory.CreateDirectory(Path.Combine(_bench.Folder.Path, "user", "kexecsign"));
        _user = _bench.Folder.At("user/kexecsign/config.json");
        _system = Path.Combine(_bench.Folder.Folder("etc"), "config.json");
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void The_nearest_file_gives_a_name_its_meaning_and_the_others_stay()
    {
        Put(_system, """{ "keys": { "db": { "key": "system.key", "cert": "system.pem" }, "ima": { "key": "pkcs11:object=ima" } }, "module": "softhsm2" }""");
        Put(_user, """{ "keys": { "db": { "key": "user.key", "cert": "user.pem" } }, "pin": { "env": "PIN" } }""");
        Put(_work, """{ "keys": { "kexec": { "key": "pkcs11:object=kexec", "digest": "sha384" } } }""");
        KeySettings settings = Read();
        settings.Keys.Select(key => key.Name).ShouldBe(["ima", "db", "kexec"]);
        settings.Keys.Single(key => key.Name == "db").Key.ShouldBe("file:" + _bench.Folder.At("user/kexecsign/user.key"));
        settings.Files.ShouldBe([_system, _user, _work]);
        NamedKey kexec = settings.Keys.Single(key => key.Name == "kexec");
        kexec.Complete(kexec.Key, settings, withPin: true).ShouldBe("pkcs11:object=kexec?module-name=softhsm2&pin-source=env:PIN");
        kexec.Complete(kexec.Certificate, settings, withPin: false).ShouldBe("pkcs11:object=kexec?module-name=softhsm2");
    }

    [Fact]
    public void A_named_file_is_the_only_one_and_no_config_reads_none()
    {
        Put(_system, "{ broken");
        Put(_work, "{ broken");
        string named = _bench.Folder.At("named.json");
        Put(named, """{ "keys": { "db": { "key": "a", "cert": "b" } } }""");
        Read(named: named).Keys.ShouldHaveSingleItem();
        Read(variable: named).Keys.ShouldHaveSingleItem();
        Read(none: true).ShouldBe(KeySettings.None);
        Refusal.Of("KS3301", () => Read());
    }

    [Theory]
    [InlineData("""{ "module": "x" }""", "a module", 1, 13)]
    [InlineData("""{ "pin": { "file": "p" } }""", "a PIN's source", 1, 10)]
    [InlineData("""{ "keys": { "db": { "key": "pkcs11:object=db?module-path=/tmp/evil.so" } } }""", "behind the '?'", 1, 28)]
    [InlineData("""{ "keys": { "db": { "key": "pkcs11:object=db?pin-source=file:/home/me/pin" } } }""", "behind the '?'", 1, 28)]
    [InlineData("""{ "keys": { "db": { "key": "PKCS11:object=db?pin-value=1" } } }""", "behind the '?'", 1, 28)]
    [InlineData("""{ "keys": { "db": { "key": "exec:./evil", "cert": "c" } } }""", "exec:", 1, 28)]
    [InlineData("""{ "keys": { "db": { "key": "prepare:../out", "cert": "c" } } }""", "prepare:", 1, 28)]
    [InlineData("""{ "profiles": { "release": { "key": "attach:in" } } }""", "attach:", 1, 37)]
    [InlineData("""{ "keys": { "db": { "key": "pkcs11:object=db", "pin": { "env": "HOME" } } } }""", "a PIN's source", 1, 55)]
    [InlineData("""{ "keys": { "db": { "key": "pkcs11:object=db", "module": "m" } } }""", "a module", 1, 58)]
    [InlineData("""{ "trust": { "db": ["pkcs11:object=db?module-path=m"] } }""", "behind the '?'", 1, 21)]
    [InlineData("""{ "profiles": { "release": { "pin-file": "p" } } }""", "a PIN's source", 1, 42)]
    [InlineData("""{ "profiles": { "release": { "key": "pkcs11:object=db?module-path=m" } } }""", "behind the '?'", 1, 37)]
    public void A_file_found_in_the_working_folder_names_no_module_no_PIN_source_and_no_program(string json, string what, int line, int column)
    {
        Put(_work, json);
        KexecSignException refused = Refusal.Of("KS3083", () => Read(), what);
        (refused.File, refused.Line, refused.Column).ShouldBe((_work, line, column));
        // The same file is taken when the user names it.
        Read(named: _work).Files.ShouldBe([_work]);
    }

    [Theory]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_file_that_others_can_write_is_refused_wherever_it_is(UnixFileMode others)
    {
        foreach (string path in (string[])[_system, _user, _work])
        {
            Put(path, "{}");
            File.SetUnixFileMode(path, Private | others);
            Refusal.Of("KS3082", () => Read(), path);
            Refusal.Of("KS3082", () => Read(named: path), path);
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("""{ "kesy": {} }""", "KS3303")]
    [InlineData("""{ "keys": { "db": { "key": "a" } } }""", "KS3302")]
    [InlineData("""{ "keys": { "db": { "cert": "a" } } }""", "KS3302")]
    [InlineData("""{ "pin": {} }""", "KS3302")]
    [InlineData("""{ "pin": { "env": "A", "file": "b" } }""", "KS3302")]
    [InlineData("""{ "trust": { "sb": [] } }""", "KS3303")]
    [InlineData("""{ "profiles": { "release": { "image": null } } }""", "KS3302")]
    public void What_is_mistyped_is_refused_where_it_stands(string json, string code)
    {
        Put(_user, json);
        Refusal.Of(code, () => Read(), _user + ":1:");
    }

    [Fact]
    public void A_name_signs_and_its_certificate_goes_along()
    {
        Put(_work, Keys("db", TestSigners.Rsa2048));
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), signed = _bench.Folder.At("signed");
        Request(SignOperation.Definition, [("key", "@db"), ("o", signed)], image).Run(Context());
        VerifyOperation.Definition.Run(new() { File = signed, Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context).Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void What_is_given_wins_over_what_is_configured()
    {
        Put(_work, """{ "keys": { "db": { "key": "db.key", "cert": "db.pem", "digest": "sha512", "timestamp": ["http://tsa.example/one"] } } }""");
        var plain = (SignOptions)Request(SignOperation.Definition, [("key", "@db")], "image").Complete(Context());
        plain.Signing.Certificate.ShouldBe("file:" + Path.Combine(Path.GetDirectoryName(_work)!, "db.pem"));
        plain.Signing.Digest.ShouldBe("sha512");
        plain.Timestamp.Servers.ShouldBe(["http://tsa.example/one"]);
        var given = (SignOptions)Request(
            SignOperation.Definition, [("key", "@db"), ("cert", "other.pem"), ("digest", "sha256"), ("timestamp", "http://tsa.example/two")], "image").Complete(Context());
        given.Signing.Certificate.ShouldBe("other.pem");
        given.Signing.Digest.ShouldBe("sha256");
        given.Timestamp.Servers.ShouldBe(["http://tsa.example/two"]);
    }

    [Fact]
    public void A_PIN_source_that_is_given_keeps_the_configured_one_out()
    {
        Put(_user, """{ "keys": { "db": { "key": "pkcs11:object=db", "pin": { "file": "pin" } } } }""");
        var configured = (SignOptions)Request(SignOperation.Definition, [("key", "@db")], "image").Complete(Context());
        configured.Signing.Key.ShouldBe($"pkcs11:object=db?pin-source=file:{_bench.Folder.At("user/kexecsign/pin")}");
        var given = (SignOptions)Request(SignOperation.Definition, [("key", "@db"), ("pin-env", "OTHER")], "image").Complete(Context());
        given.Signing.Key.ShouldBe("pkcs11:object=db");
        given.Signing.Pin.EnvironmentVariable.ShouldBe("OTHER");
    }

    [Fact]
    public void A_plan_takes_from_the_configuration_what_it_does_not_name_itself()
    {
        Put(_work, Keys("db", TestSigners.Rsa2048));
        _bench.Folder.File("image", TestImage.Arm64().Bytes);
        string plan = _bench.Folder.At("plan.json");
        File.WriteAllText(plan, """{ "images": [{ "image": "image", "outputs": { "image": "out.efi" }, "steps": [{ "step": "sign", "key": "db" }] }] }""");
        Request(BuildOperation.Definition, [], plan).Run(Context()).Exit.ShouldBe(ExitCode.Done);
        VerifyOperation.Definition.Run(new() { File = _bench.Folder.At("out.efi"), Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context).Exit.ShouldBe(ExitCode.Done);
        Put(_work, Keys("other", TestSigners.Rsa2048));
        Refusal.Of("KS3305", () => Request(BuildOperation.Definition, [], plan).Run(Context()), "'db'");
    }

    [Fact]
    public void An_unknown_name_is_told_with_those_that_there_are()
    {
        Put(_work, Keys("db", TestSigners.Rsa2048));
        Refusal.Of("KS3081", () => Request(SignOperation.Definition, [("key", "@bd")], "image").Complete(Context()), "'bd'", "db", _work);
    }

    [Fact]
    public void Where_no_configuration_was_found_that_is_what_is_told()
    {
        Refusal.Of("KS3088", () => Request(SignOperation.Definition, [("key", "@db")], "image").Complete(Context()), "key named 'db'", "--config FILE", "KEXECSIGN_CONFIG");
        Refusal.Of("KS3088", () => Request(BuildOperation.Definition, [("profile", "release")]).Complete(Context()), "profile named 'release'");
    }

    [Fact]
    public void A_name_without_its_mark_is_told_how_it_is_written_unless_there_is_such_a_file()
    {
        Put(_work, Keys("db", TestSigners.Rsa2048));
        Refusal.Of("KS3087", () => Request(SignOperation.Definition, [("key", "db")], "image").Complete(Context()), "--key @db", "-k db");
        Refusal.Of("KS3087", () => Request(BuildOperation.Definition, [("inner-key", "db")]).Complete(Context()), "--inner-key @db.");
        Request(SignOperation.Definition, [("key", "kexec")], "image").Complete(Context()).ShouldBeOfType<SignOptions>().Signing.Key.ShouldBe("kexec");
    }

    [Fact]
    public void Trust_by_role_is_taken_when_none_is_given()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048);
        string trusted = TestSigners.Rsa2048.CertificateFile(_bench.Folder), other = TestSigners.Other.CertificateFile(_bench.Folder);
        Put(_work, $$"""{ "trust": { "db": ["{{trusted}}"] } }""");
        Request(VerifyOperation.Definition, [("for", "firmware")], image).Run(Context()).Exit.ShouldBe(ExitCode.Done);
        // It may have come with what is judged, so it is said aloud.
        _bench.Warnings.ShouldHaveSingleItem().ShouldContain("trusted as db");
        Request(VerifyOperation.Definition, [("for", "firmware"), ("cert", other)], image).Run(Context()).Exit.ShouldBe(ExitCode.VerificationFailed);
        Put(_work, $$"""{ "trust": { "db": ["{{other}}"] } }""");
        Request(VerifyOperation.Definition, [("for", "firmware")], image).Run(Context()).Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    [Fact]
    public void A_profile_fills_in_what_is_not_given()
    {
        Put(_work, """
            { "keys": { "db": { "key": "db.key", "cert": "db.pem" }, "ima": { "key": "ima.key", "cert": "ima.pem" } },
              "profiles": { "release": { "kit": "arm64.kit", "key": "@db", "ima-key": "@ima", "level": 9 } } }
            """);
        string folder = Path.GetDirectoryName(_work)!;
        var built = (BuildOptions)Request(BuildOperation.Definition, [("image", "Image"), ("profile", "release"), ("level", "3")]).Complete(Context());
        built.Kit.ShouldBe(Path.Combine(folder, "arm64.kit"));
        built.Outer.Certificate.ShouldBe("file:" + Path.Combine(folder, "db.pem"));
        built.Ima.Key.ShouldBe("file:" + Path.Combine(folder, "ima.key"));
        (built.Level, built.Image).ShouldBe((3, "Image"));
        var other = (BuildOptions)Request(BuildOperation.Definition, [("profile", "release"), ("key", "other.key"), ("cert", "other.pem")]).Complete(Context());
        (other.Outer.Key, other.Outer.Certificate).ShouldBe(("other.key", "other.pem"));
        Refusal.Of("KS3084", () => Request(BuildOperation.Definition, [("profile", "relaese")]).Complete(Context()), "release");
        Put(_work, """{ "profiles": { "release": { "kti": "arm64.kit" } } }""");
        Refusal.Of("KS3202", () => Request(BuildOperation.Definition, [("profile", "release")]).Complete(Context()), _work + ":1:");
    }

    private static OperationRequest Request(Operation operation, (string Name, string Value)[] options, params string[] files)
    {
        var request = new OperationRequest(operation);
        foreach ((string name, string value) in options)
            request.Set(name, value);
        foreach (string file in files)
            request.Give(operation.Arguments[0], file);
        return request;
    }

    private static string Keys(string name, TestSigner signer, TempFolder folder) =>
        $$"""{ "keys": { "{{name}}": { "key": "{{signer.KeyFile(folder)}}", "cert": "{{signer.CertificateFile(folder)}}" } } }""";

    private string Keys(string name, TestSigner signer) => Keys(name, signer, _bench.Folder);

    private RunContext Context() => new() { Keyring = _bench.Context.Keyring, Log = _bench, Settings = Found().Settings(_bench) };

    private KeySettings Read(string? named = null, string? variable = null, bool none = false) =>
        (Found(variable) with { Named = named, None = none }).Settings(_bench).Value;

    private Configurations Found(string? variable = null) => new()
    {
        Folder = Path.GetDirectoryName(_work)!,
        OfSystem = _system,
        Environment = name => name switch
        {
            "XDG_CONFIG_HOME" => _bench.Folder.At("user"),
            Configurations.Variable => variable,
            _ => null,
        },
    };

    private static void Put(string path, string json)
    {
        File.WriteAllText(path, json);
        File.SetUnixFileMode(path, Private);
    }
}
