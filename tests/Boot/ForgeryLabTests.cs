using System.Collections.Immutable;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Consumers.Tests.Forgeries;
using KexecSign.Formats.Errors;
using KexecSign.Judging;

namespace KexecSign.Boot.Tests;

/// <summary>
/// AAVMF on images whose certificates, names, signers, orders and lists are each right or wrong in one way, beside <c>verify --for firmware</c>.
/// tests/Consumers has shim's own code judge the same images.
/// </summary>
[Collection(nameof(LabBench))]
public sealed class ForgeryLabTests(LabBench bench)
{
    // verify says what EDK2 2026.08 does; Debian 12's firmware is of 2022.11 and has OpenSSL 1.1.1. tests/Consumers holds the newer answers.
    private static readonly Dictionary<string, string> OtherInOlderFirmware = new()
    {
        ["leaf of no use"] = "OpenSSL 1.1.1 takes a keyUsage without bits, 3.x does not (EMPTY_KEY_USAGE)",
        ["unsigned, its SHA-1 digest in db"] = "DxeImageVerificationHandler() hashed unsigned images by SHA-256 alone",
        ["unsigned, its SHA-384 digest in db"] = "the same",
        ["unsigned, its SHA-512 digest in db"] = "the same",
    };

    // BmIsLoadOptionPeHeaderValid() gives Boot#### applications only: what is said of these is the boot manager's, not that of the verification.
    private static readonly string[] NotForBootManagers = ["a driver of boot services", "a driver of the runtime"];

    [SkippableFact]
    public void Firmware_and_verify_say_the_same_of_each_image()
    {
        Images.Bench.RequireMachine();
        string work = bench.Work();
        var set = new ForgedSet();
        string db = Written("db.esl", set.Db), dbx = Written("dbx.esl", set.Dbx);
        ForgedImage[] images = [.. set.Images.Where(image => !NotForBootManagers.Contains(image.Name))];
        images.Length.ShouldBe(set.Images.Length - NotForBootManagers.Length);
        OtherInOlderFirmware.Keys.ShouldBeSubsetOf(images.Select(i => i.Name));
        string[] files = [.. images.Select((image, i) => Written($"{i}.efi", image.File))];
        string[] expected = [.. files.Select((file, i) => OtherInOlderFirmware.ContainsKey(images[i].Name) != Verified(file, db, dbx) ? "accepts" : "refuses")];
        byte[] platform = LabKey.Rsa(work, "pk").Certificate.RawData;

        ImmutableArray<FirmwareAnswer> answers = new FirmwareSession(bench.Work(), bench.Init, Firmware.Keys(platform, set.Db, set.Dbx)).Judge(files);

        bench.Report.Require([.. answers.Select((answer, i) => new Outcome("firmware", $"forged: {images[i].Name}", expected[i], answer.Accepted ? "accepts" : "refuses", answer.Seconds, answer.Console))]);
        // Both ways were met.
        answers.Length.ShouldBeGreaterThanOrEqualTo(60);
        answers.Count(a => a.Accepted).ShouldBeInRange(20, answers.Length - 20);

        string Written(string name, byte[] content)
        {
            string path = Path.Combine(work, name);
            File.WriteAllBytes(path, content);
            return path;
        }
    }

    private static bool Verified(string file, string db, string dbx)
    {
        try
        {
            var options = new VerifyOptions { File = file, Consumers = [Consumer.Firmware], Db = [db], Dbx = dbx };
            return LabBench.Run(OperationCatalog.Verify, options).Verdicts.Single().Answer == Answer.Accepts;
        }
        catch (KexecSignException)
        {
            return false;
        }
    }
}
