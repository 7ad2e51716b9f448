using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Sign;
using KexecSign.Core.Operations;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;

namespace KexecSign.Boot.Tests;

/// <summary>
/// Firmware itself judges the <c>.auth</c> files of <c>keys enroll</c>: a kernel gives them to it through efivarfs, and its next start shows what
/// it made of them.
/// </summary>
[Collection(nameof(LabBench))]
public sealed class FirmwareUpdateLabTests(LabBench bench)
{
    private const string Image = "d719b2cb-3d3a-4596-a3bc-dad00e67656f", Global = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

    private readonly string _work = bench.Work();

    private sealed record Judged(string Name, string File, bool Accepted);

    [SkippableFact]
    public void Firmware_takes_updates_by_the_right_keys_and_no_others_and_goes_by_them_at_its_next_start()
    {
        LabBench.RequireMachine();
        string store = Path.Combine(_work, "vars.fd");
        LabKey pk = Key("pk"), kek = Key("kek"), db = Key("db"), second = Key("second"), third = Key("third"), successor = Key("successor"), other = Key("other");
        string zboot = bench.InSet("images/zboot/unsigned.efi"), byDb = Signed(db, bench.Kernel, "byDb"), byThird = Signed(third, bench.Kernel, "byThird");
        string bySecond = Signed(second, zboot, "bySecond"), longer = Signed(second, zboot, "longer", "sha384"), kernelBySecond = Signed(second, bench.Kernel, "kernelBySecond");
        // Without keys firmware takes what anybody signed; with PK it is closed.
        Firmware.Arm64.Write([], [], store);
        string first = Enrol("first", 1, Set(pk, kek) with { Allowed = [db.CertificateFile] });
        string foreign = Enrol("foreign", 9, Set(other, other) with { Allowed = [other.CertificateFile] });
        string later = Enrol("later", 9, new() { KeyExchangeKeys = [kek.CertificateFile], KeyExchangeSigner = kek.KeyFile, Allowed = [db.CertificateFile] });
        Require("in setup mode", store, bench.Kernel, " SecureBoot=0",
            ("db", $"variable db-{Image} {{0}}", $"{first}/db.auth", "accepts"),
            ("KEK", $"variable KEK-{Global} {{0}}", $"{first}/KEK.auth", "accepts"),
            ("PK", $"variable PK-{Global} {{0}}", $"{first}/PK.auth", "accepts"),
            ("then KEK by a foreign PK", $"variable KEK-{Global} {{0}}", $"{foreign}/KEK.auth", "EACCES"),
            ("then a foreign PK", $"variable PK-{Global} {{0}}", $"{foreign}/PK.auth", "EACCES"),
            ("then db by a foreign KEK", $"variable db-{Image} {{0}}", $"{foreign}/db.auth", "EACCES"),
            ("then the same db once more", $"variable db-{Image} {{0}}", $"{first}/db.auth", "EACCES"),
            ("then a newer db, one bit changed", $"variable db-{Image} {{0}}", Changed($"{later}/db.auth"), "EACCES"));
        Judge("after enrolment", store, new("signed by db's key", byDb, true), new("signed by another key", bySecond, false), new("unsigned", bench.Kernel, false));

        string added = Enrol("added", 2, new() { KeyExchangeKeys = [kek.CertificateFile], KeyExchangeSigner = kek.KeyFile, Allowed = [second.CertificateFile], Append = true });
        string kek2 = Enrol("kek2", 3, new() { PlatformKey = pk.CertificateFile, PlatformSigner = pk.KeyFile, KeyExchangeKeys = [successor.CertificateFile], Append = true });
        string bySuccessor = Enrol("bySuccessor", 4, new()
        {
            KeyExchangeKeys = [successor.CertificateFile],
            KeyExchangeSigner = successor.KeyFile,
            Allowed = [third.CertificateFile],
            Append = true,
        });
        Require("under Secure Boot", store, byDb, " SecureBoot=1",
            ("db by a KEK not there yet", $"append db-{Image} {{0}}", $"{bySuccessor}/db.auth", "EACCES"),
            ("more for db", $"append db-{Image} {{0}}", $"{added}/db.auth", "accepts"),
            ("a second KEK", $"append KEK-{Global} {{0}}", $"{kek2}/KEK.auth", "accepts"),
            ("db by the second KEK", $"append db-{Image} {{0}}", $"{bySuccessor}/db.auth", "accepts"));
        Judge("after more for db", store, new("signed by db's first key", byDb, true), new("signed by its second", bySecond, true), new("signed by its third", byThird, true));

        string revoked = Enrol("revoked", 5, new() { KeyExchangeKeys = [kek.CertificateFile], KeyExchangeSigner = kek.KeyFile, Forbidden = [db.CertificateFile] });
        string digest = Enrol("digest", 6, new()
        {
            KeyExchangeKeys = [kek.CertificateFile],
            KeyExchangeSigner = kek.KeyFile,
            ForbiddenDigests = [Digest(bySecond)],
            Append = true,
        });
        string foreignDbx = Enrol("foreignDbx", 7, new() { KeyExchangeKeys = [other.CertificateFile], KeyExchangeSigner = other.KeyFile, Forbidden = [third.CertificateFile] });
        Require("under Secure Boot", store, byThird, " SecureBoot=1",
            ("dbx by a foreign KEK", $"variable dbx-{Image} {{0}}", $"{foreignDbx}/dbx.auth", "EACCES"),
            ("dbx with a certificate", $"variable dbx-{Image} {{0}}", $"{revoked}/dbx.auth", "accepts"),
            ("dbx with a digest more", $"append dbx-{Image} {{0}}", $"{digest}/dbx.auth", "accepts"));
        Judge("after dbx", store,
            new("signed by a key in dbx", byDb, false), new("SHA-256 digest in dbx", bySecond, false),
            // Firmware looks in dbx only for the digest that the signature is of, and verify says what firmware does.
            new("SHA-256 digest in dbx, signed by its SHA-384 digest", longer, true),
            new("signed by the same key, another image", kernelBySecond, true), new("signed by a key in db alone", byThird, true));
    }

    [SkippableFact]
    public void Debian_s_efi_updatevar_enrols_what_keys_enroll_wrote()
    {
        LabBench.RequireMachine();
        string store = Path.Combine(_work, "vars.fd");
        LabKey pk = Key("pk"), kek = Key("kek"), db = Key("db"), other = Key("other");
        Firmware.Arm64.Write([], [], store);
        Enrol("first", 1, Set(pk, kek) with { Allowed = [db.CertificateFile] });
        Enrol("foreign", 9, Set(other, other) with { Allowed = [other.CertificateFile] });
        Enrol("added", 2, new() { KeyExchangeKeys = [kek.CertificateFile], KeyExchangeSigner = kek.KeyFile, Allowed = [other.CertificateFile], Append = true });
        const string change = "chattr -i /sys/firmware/efi/efivars/*-*; ";
        (string Name, string Command, string Expected)[] runs =
        [
            ("db, in setup mode", "efi-updatevar -f first/db.auth db", "0"), ("KEK, in setup mode", "efi-updatevar -f first/KEK.auth KEK", "0"), ("PK, in setup mode", "efi-updatevar -f first/PK.auth PK", "0"),
            ("then more for db", "efi-updatevar -a -f added/db.auth db", "Operation not permitted"),
            ("then more for db, after chattr -i", change + "efi-updatevar -a -f added/db.auth db", "0"),
            // What it makes of EACCES, which is firmware's EFI_SECURITY_VIOLATION.
            ("then db by a foreign KEK", change + "efi-updatevar -f foreign/db.auth db", "Cannot write to db, wrong filesystem permissions"),
            ("then KEK by a foreign PK", change + "efi-updatevar -f foreign/KEK.auth KEK", "Cannot write to KEK, wrong filesystem permissions"),
        ];
        string commands = string.Join('\n', runs.Select((r, i) => $"{r.Command}; echo \"KexecSign: run {i} = $?\""));
        string initrd = DebianGuest.Write(_work, _work, ["first", "foreign", "added"], commands);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        string console = Machine.Run(
            Firmware.Arm64.Program,
            [.. Firmware.Arm64.Arguments(store, keeps: true), "-m", "2048", "-kernel", bench.Kernel, "-initrd", initrd, "-append", "console=ttyAMA0 quiet loglevel=0 panic=-1"],
            line => line.StartsWith("KexecSign: exit", StringComparison.Ordinal));
        bench.Report.Require([.. runs.Select((r, i) => new Outcome(
            "efi-updatevar", r.Name, r.Expected, Result(console, i), i == 0 ? clock.Elapsed.TotalSeconds : 0, console))]);
        Judge("after efi-updatevar", store,
            new("signed by db's key", Signed(db, bench.Kernel, "byDb"), true), new("signed by the key added", Signed(other, bench.Kernel, "byOther"), true), new("unsigned", bench.Kernel, false));
    }

    // The exit code; or the end of what was said before, "Failed to update db: Operation not permitted".
    private static string Result(string console, int run)
    {
        string begin = $"KexecSign: run {run} = ";
        string[] lines = console.Split('\n');
        int at = Array.FindIndex(lines, l => l.StartsWith(begin, StringComparison.Ordinal));
        return at <= 0 ? "nothing" : lines[at] == begin + "0" ? "0" : lines[at - 1].Split(": ")[^1];
    }

    private LabKey Key(string name) => LabKey.Rsa(_work, name);

    private static KeysEnrollOptions Set(LabKey platform, LabKey exchange) => new()
    {
        PlatformKey = platform.CertificateFile,
        PlatformSigner = platform.KeyFile,
        KeyExchangeKeys = [exchange.CertificateFile],
        KeyExchangeSigner = exchange.KeyFile,
    };

    private string Enrol(string name, int day, KeysEnrollOptions options)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_work, name)).FullName;
        LabBench.Run(OperationCatalog.KeysEnroll, options with { Output = folder, Time = new DateTime(2026, 1, day, 0, 0, 0, DateTimeKind.Utc) });
        return folder;
    }

    private string Signed(LabKey key, string image, string name, string? digest = null)
    {
        string signed = Path.Combine(_work, $"{name}.Image");
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [image], Signing = key.Signing(digest), Output = signed });
        return signed;
    }

    // In the last certificate of the list, behind the signature.
    private static string Changed(string update)
    {
        byte[] bytes = File.ReadAllBytes(update);
        bytes[^1] ^= 1;
        File.WriteAllBytes(update + ".changed", bytes);
        return update + ".changed";
    }

    private void Require(string when, string store, string kernel, string state, params (string Name, string Step, string File, string Expected)[] updates)
    {
        var session = new KernelSession(_work, bench.Init) { Kernel = kernel, Store = store, KeepsStore = true };
        for (int i = 0; i < updates.Length; i++)
            session.Add($"update{i}", string.Format(System.Globalization.CultureInfo.InvariantCulture, updates[i].Step, session.Give(updates[i].File)));
        KernelAnswers answers = session.Run();
        answers.Booted.ShouldNotBeNull(answers.Console).ShouldEndWith(state);
        bench.Report.Require([.. updates.Select((u, i) => new Outcome(
            "firmware, .auth", $"{when}: {u.Name}", u.Expected, TestsetLabTests.Seen(answers, $"update{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
    }

    private void Judge(string when, string store, params Judged[] images)
    {
        ImmutableArray<FirmwareAnswer> answers = new FirmwareSession(bench.Work(), bench.Init, []) { Store = store }.Judge([.. images.Select(i => i.File)]);
        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome("firmware", $"{when}: {i.Name}", Word(i.Accepted), Word(a.Accepted), a.Seconds, a.Console))]);
        (string db, string dbx) = (List(store, "db"), List(store, "dbx"));
        bench.Report.Require([.. images.Select(i => new Outcome("verify --for firmware", $"{when}: {i.Name}", Word(i.Accepted), Word(Verify(i.File, db, dbx)), 0, ""))]);
    }

    private static string Word(bool accepted) => accepted ? "accepts" : "refuses";

    private static bool Verify(string image, string db, string dbx)
    {
        var options = new VerifyOptions { File = image, Consumers = [Consumer.Firmware], Db = [db], Dbx = dbx.Length == 0 ? null : dbx };
        return LabBench.Run(OperationCatalog.Verify, options).Verdicts.Single().Answer == Answer.Accepts;
    }

    // As firmware keeps it; "" when there is none.
    private string List(string store, string name)
    {
        UefiVariable? variable = VariableStore.Read(Layout.Of(File.ReadAllBytes(store))).Find(name, Guid.Parse(Image));
        if (variable is null)
            return "";
        string list = Path.Combine(_work, $"{Guid.NewGuid():N}.esl");
        File.WriteAllBytes(list, variable.Value.ToArray());
        return list;
    }

    private static string Digest(string file)
    {
        Layout image = Layout.Of(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(AuthenticodeDigest.Compute(image, AuthenticodeDigest.SectionRanges(PeReader.Read(image)), HashAlgorithmName.SHA256));
    }
}
