using KexecSign.Commands.Keys;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Commands.Keys;

public sealed class KeysEnrollTests : IDisposable
{
    private const string Owner = "11111111-2222-3333-4444-555555555555";
    private static readonly DateTime Moment = new(2026, 1, 31, 12, 30, 5, DateTimeKind.Utc);
    private readonly Bench _bench = new();
    private readonly TestSigner _pk = TestSigner.Rsa("pk"), _kek = TestSigner.Rsa("kek"), _db = TestSigner.Rsa("db");

    public void Dispose() => _bench.Dispose();

    [SkippableTheory]
    [InlineData("db", false)]
    [InlineData("dbx", false)]
    [InlineData("dbx", true)]
    [InlineData("KEK", false)]
    [InlineData("PK", false)]
    public void Updates_are_those_of_efitools_byte_for_byte(string variable, bool append)
    {
        Tool.Require("sign-efi-sig-list");
        (TestSigner entry, TestSigner signer, Guid vendor) = variable switch
        {
            "db" => (_db, _kek, EfiGuids.ImageSecurityDatabase),
            "dbx" => (_db, _kek, EfiGuids.ImageSecurityDatabase),
            "KEK" => (_kek, _pk, EfiGuids.GlobalVariable),
            _ => (_pk, _pk, EfiGuids.GlobalVariable),
        };
        Tool.Run("cert-to-efi-sig-list", "-g", Owner, Pem(entry), _bench.Folder.At("theirs.esl"));
        Tool.Run("sign-efi-sig-list", [.. append ? (string[])["-a"] : [], "-t", "2026-01-31 12:30:05", "-k", signer.KeyFile(_bench.Folder), "-c", Pem(signer),
            "-g", $"{vendor}", variable, _bench.Folder.At("theirs.esl"), _bench.Folder.At("theirs.auth")]);

        Enroll(o => o with { Forbidden = variable == "dbx" ? [Pem(_db)] : [] } is var all && append
            ? all with { Append = true, PlatformKey = null, PlatformSigner = null, Allowed = [] }
            : all);

        File.ReadAllBytes(Auth(variable)).ShouldBe(File.ReadAllBytes(_bench.Folder.At("theirs.auth")));
    }

    [Fact]
    public void Everything_for_setup_mode_comes_in_the_order_of_enrolment()
    {
        KeysEnrollResult result = Enroll(o => o);
        result.Time.ShouldBe("2026-01-31T12:30:05Z");
        result.Updates.Select(u => (u.Variable, u.SignedBy, u.Entries)).ShouldBe([("db", _kek.Certificate.Subject, 1), ("KEK", _pk.Certificate.Subject, 1), ("PK", _pk.Certificate.Subject, 1)]);
        Directory.GetFiles(Out).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["KEK.auth", "PK.auth", "db.auth"]);
    }

    [Fact]
    public void The_time_is_that_of_SOURCE_DATE_EPOCH_unless_given()
    {
        using var context = new RunContext { Keyring = new Keyring(), Environment = name => name == "SOURCE_DATE_EPOCH" ? "1700000000" : null };
        KeysEnrollOperation.Definition.Run(Options with { Time = null }, context).Time.ShouldBe("2023-11-14T22:13:20Z");
    }

    [SkippableFact]
    public void A_store_for_QEMU_holds_what_was_named_and_nothing_else()
    {
        const string snakeoil = "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd";
        Tool.Require(snakeoil);
        string digest = new('a', 64);
        Enroll(o => o with { Output = null, PlatformSigner = null, KeyExchangeSigner = null, Store = snakeoil, StoreOutput = _bench.Folder.At("vars.fd"), ForbiddenDigests = [digest] });

        VariableStore store = VariableStore.Read(Layout.Of(File.ReadAllBytes(_bench.Folder.At("vars.fd"))));
        store.Variables.Select(v => v.Variable.Name).ShouldBe(["db", "dbx", "KEK", "PK"]);
        SignatureList.ReadAll(store.Find("db", EfiGuids.ImageSecurityDatabase)!.Value).ShouldHaveSingleItem().Entries[0].Data.ToArray().ShouldBe(_db.Certificate.RawData);
        SignatureList.ReadAll(store.Find("dbx", EfiGuids.ImageSecurityDatabase)!.Value)[0].Entries[0].Data.ToArray().ShouldBe(Convert.FromHexString(digest));
        Directory.GetFiles(Out).ShouldBeEmpty();
    }

    [Fact]
    public void What_nobody_signs_is_refused_before_anything_is_written()
    {
        Refused("KS3405", o => o with { KeyExchangeSigner = null }).ShouldContain("--kek-key");
        Refused("KS3405", o => o with { KeyExchangeKeys = [], KeyExchangeSigner = "k" }).ShouldContain("--kek");
        Refused("KS3405", o => o with { PlatformSigner = null }).ShouldContain("--pk-key");
        Refused("KS3406", _ => new() { Output = Out });
        Refused("KS3407", o => o with { Append = true, KeyExchangeKeys = [], Allowed = [] });
        Refused("KS2062", o => o with { PlatformSigner = _kek.KeyFile(_bench.Folder) });
        Refused("KS3010", o => o with { Output = null });
        Directory.GetFileSystemEntries(Out).ShouldBeEmpty();
    }

    [SkippableFact]
    public void Exported_lists_are_those_of_efitools_and_openssl_reads_the_rest()
    {
        Tool.Require("cert-to-efi-sig-list");
        Tool.Run("cert-to-efi-sig-list", "-g", Owner, Pem(_db), _bench.Folder.At("theirs.esl"));
        Export(_bench.Folder.At("ours.esl"), o => o).Format.ShouldBe(CertificateFormat.Esl);
        File.ReadAllBytes(_bench.Folder.At("ours.esl")).ShouldBe(File.ReadAllBytes(_bench.Folder.At("theirs.esl")));
        Export(_bench.Folder.At("ours.der"), o => o).Format.ShouldBe(CertificateFormat.Der);
        Tool.Run("openssl", "x509", "-inform", "DER", "-in", _bench.Folder.At("ours.der"), "-noout", "-subject").ShouldContain("db");
        Export(_bench.Folder.At("ours.txt"), o => o with { Certificates = [Pem(_db), Pem(_kek)] }).Format.ShouldBe(CertificateFormat.Pem);
        File.ReadAllText(_bench.Folder.At("ours.txt")).Split("BEGIN CERTIFICATE").Length.ShouldBe(3);
        Should.Throw<KexecSignException>(() => Export(_bench.Folder.At("two.der"), o => o with { Certificates = [Pem(_db), Pem(_kek)] })).Code.Id.ShouldBe("KS3404");
        Should.Throw<KexecSignException>(() => Export(Pem(_db), o => o)).Code.Id.ShouldBe("KS3005");
    }

    private string Out
    {
        get
        {
            string folder = _bench.Folder.At("out");
            Directory.CreateDirectory(folder);
            return folder;
        }
    }

    private string Auth(string variable) => Path.Combine(Out, variable + ".auth");

    private string Pem(TestSigner signer) => signer.CertificateFile(_bench.Folder);

    private KeysExportResult Export(string path, Func<KeysExportOptions, KeysExportOptions> change) =>
        KeysExportOperation.Definition.Run(change(new() { Certificates = [Pem(_db)], Output = path, Owner = new(Owner) }), _bench.Context);

    private KeysEnrollResult Enroll(Func<KeysEnrollOptions, KeysEnrollOptions> change) =>
        KeysEnrollOperation.Definition.Run(change(Options), _bench.Context);

    private KeysEnrollOptions Options => new()
    {
        PlatformKey = Pem(_pk),
        PlatformSigner = _pk.KeyFile(_bench.Folder),
        KeyExchangeKeys = [Pem(_kek)],
        KeyExchangeSigner = _kek.KeyFile(_bench.Folder),
        Allowed = [Pem(_db)],
        Output = Out,
        Time = Moment,
        Owner = new(Owner),
    };

    private string Refused(string code, Func<KeysEnrollOptions, KeysEnrollOptions> change)
    {
        KexecSignException refusal = Should.Throw<KexecSignException>(() => Enroll(change));
        refusal.Code.Id.ShouldBe(code, refusal.Message);
        return refusal.Message;
    }
}
