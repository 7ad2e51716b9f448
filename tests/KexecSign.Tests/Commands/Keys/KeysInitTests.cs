using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using KexecSign.Commands.Keys;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;

namespace KexecSign.Tests.Commands.Keys;

/// <summary>SoftHSM has one configuration per process at a time: every test that opens it stands in this collection.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SoftHsmCollection
{
    public const string Name = "SoftHSM";
}

[Collection(SoftHsmCollection.Name)]
public sealed class KeysInitTests : IDisposable
{
    private const string ModulePath = "/usr/lib/softhsm/libsofthsm2.so";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-init-");

    private const string Profile = """
        {
          // comments and trailing commas are allowed
          "token": "Init test",
          "module": "libsofthsm2.so",
          "keys": [
            { "label": "ca", "role": "ca", "algorithm": "p384", "subject": "CN=Test CA", },
            { "label": "db", "role": "secure-boot", "subject": "CN=Test db", "issuer": "ca" },
            { "label": "kexec", "role": "kexec", "algorithm": "rsa3072", "subject": "CN=Test kexec", "days": 10 },
            { "label": "ima", "role": "ima", "algorithm": "p256", "subject": "CN=Test IMA,O=Test", "certificate": "files.pem" },
          ],
        }
        """;

    public void Dispose() => _root.Delete(recursive: true);

    [SkippableFact]
    public void Makes_token_keys_and_certificates_that_openssl_accepts()
    {
        RequireSoftHsm();
        KeysInitResult result = Init(Profile);

        result.TokenWas.ShouldBe(Making.Made);
        result.Keys.Select(key => (key.Label, key.KeyWas)).ShouldBe([("ca", Making.Made), ("db", Making.Made), ("kexec", Making.Made), ("ima", Making.Made)]);
        string ca = In("certs/ca.pem");
        OpenSsl("verify", "-CAfile", ca, "-untrusted", ca, "-purpose", "any", In("certs/db.pem")).ShouldContain("OK");
        OpenSsl("verify", "-check_ss_sig", "-CAfile", In("certs/files.pem"), In("certs/files.pem")).ShouldContain("OK");
        string db = OpenSsl("x509", "-in", In("certs/db.pem"), "-noout", "-text");
        db.ShouldContain("Code Signing");
        db.ShouldContain("Digital Signature");
        db.ShouldContain("CA:FALSE");
        db.ShouldContain("ecdsa-with-SHA384");
        string skid = string.Join(':', Convert.FromHexString(result.Keys[1].SubjectKeyIdentifier!).Select(b => $"{b:X2}"));
        db.ShouldContain(skid);
        string ima = OpenSsl("x509", "-in", In("certs/files.pem"), "-noout", "-text");
        ima.ShouldNotContain("Code Signing");
        OpenSsl("x509", "-in", ca, "-noout", "-text").ShouldContain("CA:TRUE");
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_token_that_was_lost_never_gets_new_keys_under_its_labels(bool damaged)
    {
        RequireSoftHsm();
        KeysInitResult before = Init(Profile);
        byte[] certificate = File.ReadAllBytes(before.Keys[1].CertificateFile);
        // What a kill leaves when SoftHSM writes it anew, as it does at every login.
        string[] descriptions = Directory.GetFiles(_root.FullName, "token.object", SearchOption.AllDirectories);
        descriptions.ShouldNotBeEmpty();
        foreach (string description in descriptions)
        {
            if (damaged)
                File.WriteAllBytes(description, []);
            else
                Directory.Delete(Path.GetDirectoryName(description)!, recursive: true);
        }
        Should.Throw<KexecSignException>(() => Init(Profile)).Message.ShouldStartWith("KS3060: there is no token 'Init test', but ");
        File.ReadAllBytes(before.Keys[1].CertificateFile).ShouldBe(certificate);
        Directory.GetFiles(_root.FullName, "token.object", SearchOption.AllDirectories).Count(f => new FileInfo(f).Length > 0).ShouldBe(0);
    }

    [SkippableFact]
    public void An_empty_PIN_file_of_a_run_that_had_no_room_is_made_anew()
    {
        RequireSoftHsm();
        KeysInitOptions options = Options(Profile);
        Directory.CreateDirectory(options.Directory);
        File.WriteAllBytes(Path.Combine(options.Directory, "pin"), []);
        File.WriteAllBytes(Path.Combine(options.Directory, "so-pin"), []);
        File.WriteAllBytes(Path.Combine(options.Directory, "softhsm2.conf"), []);
        Init(Profile).Keys.Length.ShouldBe(4);
        new FileInfo(Path.Combine(options.Directory, "pin")).Length.ShouldBe(25);
        File.GetUnixFileMode(Path.Combine(options.Directory, "pin")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [SkippableFact]
    public void References_open_key_and_certificate_though_SOFTHSM2_CONF_names_another_token()
    {
        RequireSoftHsm();
        KeysInitResult result = Init(Profile);
        Environment.SetEnvironmentVariable("SOFTHSM2_CONF", In("nowhere.conf"));

        using var keyring = new Keyring();
        foreach (InitialisedKey made in result.Keys)
        {
            ISigningKey key = keyring.OpenKey(made.Uri!, new PinOptions(), default);
            IReadOnlyList<X509Certificate2> chain = keyring.OpenCertificates(made.CertificateFile, new PinOptions(), default);
            CertificateMatch.Require(key, chain[0]);
            chain.Count.ShouldBe(made.Label == "db" ? 2 : 1);
            key.SignHash(SHA256.HashData([1]), HashAlgorithmName.SHA256, default).Length.ShouldBeGreaterThan(60);
        }
    }

    [SkippableFact]
    public void Second_run_keeps_everything_and_says_so()
    {
        RequireSoftHsm();
        KeysInitResult first = Init(Profile);
        DateTime written = File.GetLastWriteTimeUtc(In("certs/db.pem"));
        KeysInitResult second = Init(Profile);

        second.View().Notes.ShouldContain(note => note.StartsWith("For other programs: export SOFTHSM2_CONF=", StringComparison.Ordinal));
        second.TokenWas.ShouldBe(Making.Existing);
        second.Keys.ShouldAllBe(key => key.KeyWas == Making.Existing && key.CertificateWas == Making.Existing);
        second.Keys.Select(key => key.CertificateSha256).ShouldBe(first.Keys.Select(key => key.CertificateSha256));
        File.GetLastWriteTimeUtc(In("certs/db.pem")).ShouldBe(written);
    }

    [SkippableFact]
    public void A_key_added_to_the_profile_is_made_and_the_others_are_kept()
    {
        RequireSoftHsm();
        Init(Profile);
        string more = Profile.Replace("\"keys\": [", "\"keys\": [ { \"label\": \"mod\", \"role\": \"module\", \"subject\": \"CN=mod\" },");
        Init(more).Keys.Select(key => key.KeyWas).ShouldBe([Making.Made, Making.Existing, Making.Existing, Making.Existing, Making.Existing]);
    }

    [SkippableFact]
    public void No_PIN_is_in_the_report_and_PIN_files_are_private()
    {
        RequireSoftHsm();
        KeysInitResult result = Init(Profile);
        string report = JsonSerializer.Serialize(result, KeysInitOperation.Definition.TypedResult()) + result.View();
        foreach (string name in (string[])["token/pin", "token/so-pin"])
        {
            string pin = File.ReadAllText(In(name)).Trim();
            pin.Length.ShouldBe(24);
            report.ShouldNotContain(pin);
            File.GetUnixFileMode(In(name)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        report.ShouldContain("pin-source=file:");
        report.ShouldContain("\"role\": \"secure-boot\"");
        report.ShouldContain("\"algorithm\": \"rsa3072\"");
    }

    [SkippableFact]
    public void Given_PINs_are_used_and_no_PIN_file_is_made()
    {
        RequireSoftHsm();
        Func<string, string?> environment = name => name is "USER_PIN" or "SO_PIN" ? name + "-4711" : null;
        KeysInitOptions options = Options(Profile) with
        {
            Pin = new() { EnvironmentVariable = "USER_PIN" },
            SecurityOfficerPin = new() { EnvironmentVariable = "SO_PIN" },
        };
        KeysInitResult result = Run(options, environment);
        File.Exists(In("token/pin")).ShouldBeFalse();
        result.Keys[0].Uri!.ShouldNotContain("pin-");
        // Beside a PIN's file this program finds the token by itself; here there is none.
        result.View().Notes.ShouldContain(note => note.StartsWith("For kexecsign and other programs: export SOFTHSM2_CONF=", StringComparison.Ordinal));
        using var keyring = new Keyring(environment);
        keyring.OpenKey(result.Keys[0].Uri!, new() { EnvironmentVariable = "USER_PIN" }, default).KeySizeBits.ShouldBe(384);
    }

    [SkippableFact]
    public void The_demonstration_profile_works()
    {
        RequireSoftHsm();
        string profile = File.ReadAllText(Path.Combine(Repository(), "keys/demo.profile.json"));
        Init(profile).Keys.Select(key => Path.GetFileName(key.CertificateFile)).ShouldBe(["db.pem", "kexec.pem", "ima.pem"]);
    }

    [SkippableFact]
    public void List_shows_keys_after_login_and_only_certificates_before()
    {
        RequireSoftHsm();
        Init(Profile);
        ListedToken seen = List("pkcs11:token=Init%20test", $"file:{In("token/pin")}");
        seen.LoggedIn.ShouldBeTrue();
        seen.Keys.Select(key => (key.Label, key.Kind)).ShouldBe(
            [("ca", "ECDSA P-384"), ("db", "RSA 2048"), ("kexec", "RSA 3072"), ("ima", "ECDSA P-256")], ignoreOrder: true);
        seen.Certificates.Length.ShouldBe(4);
        seen.Mechanisms.ShouldContain("CKM_RSA_PKCS");
        seen.Mechanisms.ShouldContain("CKM_ECDSA");

        ListedToken unseen = List("pkcs11:token=Init%20test", null);
        unseen.LoggedIn.ShouldBeFalse();
        unseen.Keys.ShouldBeEmpty();
        unseen.Certificates.Length.ShouldBe(4);
    }

    [Fact]
    public void Dry_run_touches_nothing()
    {
        using var context = new RunContext { Keyring = new Keyring(), DryRun = true };
        KeysInitResult plan = KeysInitOperation.Definition.Run(Options(Profile), context);
        plan.Keys.ShouldAllBe(key => key.KeyWas == Making.Planned);
        Directory.Exists(In("token")).ShouldBeFalse();
        Directory.Exists(In("certs")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("{", "KS3401")]
    [InlineData("""{ "token": "t", "keys": [] }""", "KS3401")]
    [InlineData("""{ "token": "t", "pin": "1234", "keys": [] }""", "KS3401")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "king", "subject": "CN=a" } ] }""", "KS3401")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "ima", "algorithm": "rsa1024", "subject": "CN=a" } ] }""", "KS3401")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "ima", "subject": "nonsense" } ] }""", "KS3402")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "ima", "subject": "CN=a", "days": 0 } ] }""", "KS3402")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "ima", "subject": "CN=a", "certificate": "../a.pem" } ] }""", "KS3402")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "ima", "subject": "CN=a", "issuer": "b" } ] }""", "KS3402")]
    [InlineData("""{ "token": "t", "keys": [ { "label": "a", "role": "ima", "subject": "CN=a" }, { "label": "a", "role": "ima", "subject": "CN=b" } ] }""", "KS3402")]
    public void Refuses_a_profile_that_makes_no_sense(string profile, string code)
    {
        KexecSignException refusal = Should.Throw<KexecSignException>(() => Init(profile));
        refusal.Code.Id.ShouldBe(code);
        refusal.Code.Exit().ShouldBe(ExitCode.WrongUsage);
        refusal.Message.ShouldContain("profile.json");
        refusal.Message.ShouldNotContain("1234");
        refusal.Message.ShouldNotContain("\n");
        Directory.Exists(In("token")).ShouldBeFalse();
    }

    [Fact]
    public void Refuses_a_profile_that_is_not_there()
    {
        var options = new KeysInitOptions { Profile = In("none.json") };
        Should.Throw<KexecSignException>(() => Run(options, null)).Code.Id.ShouldBe("KS3001");
    }

    [SkippableFact]
    public void Of_two_tokens_none_is_tried_and_both_are_named()
    {
        RequireSoftHsm();
        string uri = $"pkcs11:object=ima?module-path={ModulePath}";
        Init(Profile);
        Run(Options(Profile.Replace("Init test", "Second")) with { Certificates = In("others") }, null);
        using var keyring = new Keyring();
        Refuses(
            "KS2021", () => keyring.OpenKey(uri, new PinOptions { File = In("token/pin") }, default), "2 tokens match", "'Init test'",
            "'Second'", "Add token=, serial= or slot-id=");
    }

    [SkippableFact]
    public void A_validity_beyond_the_calendar_makes_no_certificate()
    {
        RequireSoftHsm();
        using var context = new RunContext { Keyring = new Keyring(), Clock = new LastYears() };
        Refuses(
            "KS3403", () => KeysInitOperation.Definition.Run(Options(Profile), context), "key 'ca'", "subject or validity does not fit",
            "Check subject and validity in the profile");
        Directory.GetFiles(In("certs")).ShouldBeEmpty();
    }

    [SkippableFact]
    public void A_PIN_that_the_token_would_refuse_is_told_before_there_is_a_token()
    {
        RequireSoftHsm();
        string? pin = "123";
        KeysInitOptions options = Options(Profile) with { Pin = new() { EnvironmentVariable = "PIN" } };
        Refuses("KS2046", () => Run(options, name => name == "PIN" ? pin : null), "it has 3", "4 to 255 bytes");
        pin = "123456";
        Run(options, name => name == "PIN" ? pin : null).TokenWas.ShouldBe(Making.Made);
    }

    // As a run leaves it that is killed between C_InitToken and C_InitPIN.
    [SkippableFact]
    public void A_token_that_was_left_without_a_PIN_gets_it_by_the_next_run()
    {
        RequireSoftHsm();
        Tool.Require("pkcs11-tool");
        KeysInitOptions options = Options(Profile) with
        {
            Pin = new() { EnvironmentVariable = "PIN" },
            SecurityOfficerPin = new() { EnvironmentVariable = "SO" },
        };
        Refuses("KS2046", () => Run(options, Given("1")), "it has 1");
        Tool.Run("env", $"SOFTHSM2_CONF={In("token/softhsm2.conf")}", "pkcs11-tool", "--module", ModulePath, "--init-token", "--slot-index", "0",
            "--label", "Init test", "--so-pin", "12345678");
        KeysInitResult result = Run(options, Given("123456"));
        result.TokenWas.ShouldBe(Making.Existing);
        result.Keys.ShouldAllBe(key => key.KeyWas == Making.Made);

        static Func<string, string?> Given(string pin) => name => name switch { "SO" => "12345678", "PIN" => pin, _ => null };
    }

    private static void Refuses(string code, Action work, params ReadOnlySpan<string> told) => Refusal.Of(code, work, told);

    private sealed class LastYears : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }

    private static void RequireSoftHsm() => Tool.Require(ModulePath);

    private static string Repository()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private static string OpenSsl(params string[] arguments) => Tool.Ask("openssl", arguments).Output;

    private static KeysInitResult Run(KeysInitOptions options, Func<string, string?>? environment)
    {
        using var context = new RunContext { Keyring = new Keyring(environment) };
        return KeysInitOperation.Definition.Run(options, context);
    }

    private static ListedToken List(string uri, string? pinSource)
    {
        using var context = new RunContext { Keyring = new Keyring() };
        var options = new KeysListOptions { Reference = uri + (pinSource is null ? "" : "?pin-source=" + pinSource), ModulePath = ModulePath };
        return KeysListOperation.Definition.Run(options, context).Tokens.ShouldHaveSingleItem();
    }

    private string In(string name) => Path.Combine(_root.FullName, name);

    private KeysInitOptions Options(string profile)
    {
        File.WriteAllText(In("profile.json"), profile);
        return new() { Profile = In("profile.json"), Directory = In("token"), Certificates = In("certs") };
    }

    private KeysInitResult Init(string profile) => Run(Options(profile), null);
}
