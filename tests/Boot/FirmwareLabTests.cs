using System.Collections.Immutable;
using KexecSign.Boot.Tests.Firmwares;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Consumers.Tests.Forgeries;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Boot.Tests;

/// <summary>
/// EDK2 of 2022.11, and of 2026.08 with strict NX, for two architectures, on the same images, beside <c>verify --firmware</c> with the rules
/// of each. The images give up at once, so that one boot judges many. tests/Consumers has shim's own code judge the forged ones.
/// </summary>
[Collection(nameof(LabBench))]
public sealed class FirmwareLabTests(LabBench bench)
{
    // BmIsLoadOptionPeHeaderValid() gives Boot#### applications only: what is said of these is the boot manager's, not that of the verification.
    private static readonly string[] NotForBootManagers = ["a driver of boot services", "a driver of the runtime"];

    [SkippableTheory]
    [InlineData("arm64", false)]
    [InlineData("arm64", true)]
    [InlineData("amd64", false)]
    [InlineData("amd64", true)]
    public void Firmware_and_verify_with_its_rules_say_the_same(string architecture, bool newest)
    {
        Firmware firmware = Require(architecture, newest, isSlow: architecture == "amd64" && !newest);
        using var set = new FirmwareSet(Machine(architecture));
        ImmutableArray<FirmwareAnswer> answers = Judge(firmware, "", [.. set.Images.Select(image => (image.Name, image.File))], set.Db, set.Dbx);
        // Each row of the table that can be seen is one that was looked at.
        set.Images.Select(image => image.Rule).OfType<FirmwareRule>().Distinct().Order().ShouldBe(Enum.GetValues<FirmwareRule>());
        string[] faulted = [.. set.Images.Zip(answers).Where(pair => pair.Second.Faulted).Select(pair => pair.First.Name)];
        faulted.ShouldBe(firmware.Model.Has(FirmwareRule.Protection) ? [FirmwareSet.WithoutCode] : []);
    }

    [SkippableTheory]
    [InlineData("arm64", false)]
    [InlineData("arm64", true)]
    [InlineData("amd64", false)]
    [InlineData("amd64", true)]
    public void Firmware_and_verify_say_the_same_of_each_forgery(string architecture, bool newest)
    {
        Firmware firmware = Require(architecture, newest, isSlow: architecture == "amd64");
        var set = new ForgedSet(Machine(architecture));
        ForgedImage[] images = [.. set.Images.Where(image => !NotForBootManagers.Contains(image.Name))];
        images.Length.ShouldBe(set.Images.Length - NotForBootManagers.Length);
        Judge(firmware, "forged: ", [.. images.Select(image => (image.Name, image.File))], set.Db, set.Dbx).Length.ShouldBeGreaterThanOrEqualTo(60);
    }

    [SkippableFact]
    public void Kernels_start_under_strict_NX()
    {
        Firmware firmware = Require("arm64", newest: true, isSlow: false);
        bench.Require();
        (string Name, string File, bool Boots)[] images =
        [
            ("raw, unsigned", "images/raw/unsigned.Image", false), ("raw, signed", "images/raw/signed.Image", true),
            ("zboot, unsigned", "images/zboot/unsigned.efi", false), ("zboot, signed", "images/zboot/signed.efi", true),
        ];
        ImmutableArray<FirmwareAnswer> answers =
            new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot()) { Firmware = firmware }.Judge([.. images.Select(i => bench.InSet(i.File))]);
        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome(
            firmware.Name, i.Name, i.Boots ? "boots" : "does not boot", a.Booted ? "boots" : "does not boot", a.Seconds, a.Console))]);
    }

    private ImmutableArray<FirmwareAnswer> Judge(Firmware firmware, string group, (string Name, byte[] File)[] images, byte[] allowed, byte[] forbidden)
    {
        string work = bench.Work(), db = Written("db.esl", allowed), dbx = Written("dbx.esl", forbidden);
        string[] files = [.. images.Select((image, i) => Written($"{i}.efi", image.File))];
        string[] expected = [.. files.Select(file => Verified(firmware, file, db, dbx))];
        ImmutableArray<UefiVariable> keys = Firmware.Keys(LabKey.Rsa(work, "pk").Certificate.RawData, allowed, forbidden);
        ImmutableArray<FirmwareAnswer> answers = new FirmwareSession(bench.Work(), bench.Init, keys) { Firmware = firmware }.Judge(files);
        bench.Report.Require([.. answers.Select((answer, i) => new Outcome(
            firmware.Name, group + images[i].Name, expected[i], answer.Accepted ? "accepts" : "refuses", answer.Seconds, answer.Console))]);
        // Both ways were met.
        answers.Count(a => a.Accepted).ShouldBeInRange(answers.Length / 4, answers.Length * 3 / 4);
        return answers;

        string Written(string name, byte[] content)
        {
            string path = Path.Combine(work, name);
            File.WriteAllBytes(path, content);
            return path;
        }
    }

    private static ushort Machine(string architecture) => architecture == "arm64" ? PeConstants.MachineArm64 : PeConstants.MachineAmd64;

    private static Firmware Require(string architecture, bool newest, bool isSlow)
    {
        LabBench.RequireMachine();
        if (architecture == "arm64")
            return newest ? Firmware.RequireNewestArm64() : Firmware.Arm64;
        if (isSlow)
            LabKernel.RequireEverything();
        Command.Require("qemu-system-x86_64", "qemu-system-x86");
        Command.Require(Firmware.Amd64.Code, "ovmf");
        return newest ? Firmware.RequireNewestAmd64() : Firmware.Amd64;
    }

    private static string Verified(Firmware firmware, string file, string db, string dbx)
    {
        try
        {
            var options = new VerifyOptions { File = file, Consumers = [Consumer.Firmware], Db = [db], Dbx = dbx, Firmware = firmware.Model.Word };
            return LabBench.Run(OperationCatalog.Verify, options).Verdicts.Single().Answer == Answer.Accepts ? "accepts" : "refuses";
        }
        // What firmware can compute and this machine cannot: the images that are about it are signed rightly.
        catch (KexecSignException beyond) when (beyond.Code.Id == "KS4721")
        {
            return "accepts";
        }
        catch (KexecSignException)
        {
            return "refuses";
        }
    }
}
