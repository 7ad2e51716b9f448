using System.Collections.Immutable;
using System.Diagnostics;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Formats.Zboot;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests;

/// <summary>
/// Zboot images that were built and that were repacked, for stubs of 6.12 and 6.1: they boot under Secure Boot, and the Image inside, unpacked,
/// is one that kexec takes.
/// </summary>
[Collection(nameof(LabBench))]
public class ZbootLabTests(LabBench bench)
{
    private ImmutableArray<(string Name, string Series, ZbootCompression Compression, bool Repacked)> Images =>
    [
        ($"{bench.Series} gzip, built", bench.Series, ZbootCompression.Gzip, false),
        ($"{bench.Series} zstd, built", bench.Series, ZbootCompression.Zstd, false),
        ($"{bench.Series} gzip, the kernel's own repacked", bench.Series, ZbootCompression.Gzip, true),
        ($"{bench.Series} zstd, the kernel's own repacked", bench.Series, ZbootCompression.Zstd, true),
        .. bench.Series == "6.12" ? Older : [],
    ];

    private static ImmutableArray<(string Name, string Series, ZbootCompression Compression, bool Repacked)> Older { get; } =
    [
        ("6.1 gzip, built", "6.1", ZbootCompression.Gzip, false),
        ("6.1 zstd, built", "6.1", ZbootCompression.Zstd, false),
        ("6.1 gzip, repacked", "6.1", ZbootCompression.Gzip, true),
        ("6.1 zstd, repacked", "6.1", ZbootCompression.Zstd, true),
    ];

    [SkippableFact]
    public void Built_and_repacked_images_boot_and_what_is_in_them_can_be_loaded_by_kexec()
    {
        bench.Require();
        string work = bench.Work();
        SigningOptions db = new() { Key = bench.Key("db.key"), Certificate = bench.Key("db.pem") };
        ImmutableArray<string> files = [.. Images.Select((image, i) => Make(image, Path.Combine(work, $"{i}"), db))];

        ImmutableArray<FirmwareAnswer> boots = new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot()).Judge(files);
        bench.Report.Require([.. Images.Zip(boots, (image, boot) => new Outcome(bench.Judge("zboot"), image.Name, "boots", boot.Booted ? "boots" : "does not boot", boot.Seconds, boot.Console))]);

        KernelSession session = bench.UnderSecureBoot();
        for (int i = 0; i < files.Length; i++)
        {
            string inner = files[i] + ".Image", flipped = inner + ".flipped";
            LabBench.Run(OperationCatalog.ZbootExtract, new ZbootExtractOptions { Image = files[i], Output = inner });
            byte[] bytes = File.ReadAllBytes(inner);
            bytes[bytes.Length / 3] ^= 1;
            File.WriteAllBytes(flipped, bytes);
            session.Add($"inner{i}", $"kexec {session.Give(inner)}");
            session.Add($"flipped{i}", $"kexec {session.Give(flipped)}");
        }
        KernelAnswers answers = session.Run();
        bench.Report.Require([.. Images.SelectMany((image, i) => new Outcome[]
        {
            new(bench.Judge("kexec of the Image inside"), image.Name, "accepts", TestsetLabTests.Seen(answers, $"inner{i}"), i == 0 ? answers.Seconds : 0, answers.Console),
            new(bench.Judge("kexec of the Image inside"), image.Name + ", one bit changed", "EKEYREJECTED", TestsetLabTests.Seen(answers, $"flipped{i}"), 0, answers.Console),
        })]);
        RequireKexecTools([.. Images.Zip(files).Where(pair => pair.First.Repacked).Select(pair => (pair.First.Name, pair.Second))]);
    }

    [SkippableFact]
    public void A_kernel_whose_image_size_was_raised_boots_and_runs_by_kexec()
    {
        bench.Require();
        string work = bench.Work(), raised = bench.InSet("images/raw/signed-raised.Image"), zboot = Path.Combine(work, "zboot.efi"), signed = Path.Combine(work, "signed.efi");
        LabBench.Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions { Image = raised, Kit = bench.Kit, Level = 6, Output = zboot });
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [zboot], Signing = new() { Key = bench.Key("db.key"), Certificate = bench.Key("db.pem") }, Output = signed });

        FirmwareAnswer boot = new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot()).Judge([signed]).Single();
        KernelSession session = bench.UnderSecureBoot();
        session.Add("start", $"start {session.Give(raised)} {session.Give(bench.WithoutSecureBoot().WriteInitrd())}");
        KernelAnswers answers = session.Run();

        bench.Report.Require(
        [
            new(bench.Judge("zboot"), "image_size raised", "boots", boot.Booted ? "boots" : "does not boot", boot.Seconds, boot.Console),
            new(bench.Judge("kexec"), "image_size raised, loaded", "accepts", TestsetLabTests.Seen(answers, "start"), answers.Seconds, answers.Console),
            new(bench.Judge("kexec"), "image_size raised, and started", "runs", answers.Booted is null ? "does not run" : "runs", 0, answers.Console),
        ]);
    }

    [SkippableFact]
    public void A_signed_kernel_is_not_only_loaded_but_runs()
    {
        bench.Require();
        KernelSession second = bench.WithoutSecureBoot();
        second.Add("second", "policy none");
        KernelSession first = bench.UnderSecureBoot();
        first.Add("start", $"start {first.Give(bench.InSet("images/raw/signed.Image"))} {first.Give(second.WriteInitrd())}");
        KernelAnswers answers = first.Run();
        bench.Report.Require(
        [
            new(bench.Judge("kexec"), "the signed Image is loaded", "accepts", TestsetLabTests.Seen(answers, "start"), answers.Seconds, answers.Console),
            // A step that only the second kernel's initrd has; IMA knows no such rule.
            new(bench.Judge("kexec"), "and started", "EINVAL", TestsetLabTests.Seen(answers, "second"), 0, answers.Console),
        ]);
        answers.Booted.ShouldNotBeNull(answers.Console);
    }

    // What a user types on a machine under Secure Boot. The kexec of Debian 12, 2.0.25, knows no zboot images.
    private void RequireKexecTools(ImmutableArray<(string Name, string File)> images)
    {
        string work = bench.Work(), store = Path.Combine(work, "vars.fd");
        var runs = ImmutableArray.CreateBuilder<(string Name, string File, string Expected)>();
        foreach ((string name, string file) in images)
        {
            runs.Add(($"the Image inside, {name}", file + ".Image", "loaded"));
            runs.Add(($"the Image inside, {name}, one bit changed", file + ".Image.flipped", "Key was rejected by service"));
            runs.Add(($"as it is, {name}", file, "Cannot determine the file type"));
        }
        string commands = string.Join('\n', runs.Select(
            (r, i) => $"kexec -s -l {Path.GetFileName(r.File)} --command-line=console=ttyAMA0 2>&1 && kexec -s -u && echo loaded; echo; echo 'KexecSign: run {i}'"));
        string initrd = DebianGuest.Write(work, Path.GetDirectoryName(images[0].File)!, runs.Select(r => Path.GetFileName(r.File)), commands);
        Firmware.Arm64.Write(bench.SecureBoot(), [], store);
        var clock = Stopwatch.StartNew();
        string console = Machine.Run(
            Firmware.Arm64.Program,
            [.. Firmware.Arm64.Arguments(store), "-m", "2048", "-kernel", bench.InSet("images/raw/signed.Image"), "-initrd", initrd, "-append", "console=ttyAMA0 quiet loglevel=0 panic=-1"],
            line => line.StartsWith("KexecSign: exit", StringComparison.Ordinal));
        bench.Report.Require([.. runs.Select((r, i) => new Outcome(bench.Judge("kexec -s -l"), r.Name, r.Expected, Said(console, i, r.Expected), i == 0 ? clock.Elapsed.TotalSeconds : 0, console))]);
    }

    // The expected words, or all that a run said.
    private static string Said(string console, int run, string expected)
    {
        int end = console.IndexOf($"KexecSign: run {run}\n", StringComparison.Ordinal);
        if (end < 0)
            return "nothing";
        int before = run == 0 ? -1 : console.IndexOf($"KexecSign: run {run - 1}\n", StringComparison.Ordinal);
        string[] said = [.. console[(before + 1)..end].Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.Contains("KexecSign:", StringComparison.Ordinal))];
        return said.Any(l => l.Contains(expected, StringComparison.Ordinal)) ? expected : string.Join(" / ", said.TakeLast(3));
    }

    private string Make((string Name, string Series, ZbootCompression Compression, bool Repacked) image, string at, SigningOptions db)
    {
        var build = new ZbootBuildOptions
        {
            Image = bench.Kernel,
            Kit = StubKit.Require($"linux-source-{image.Series}_*_arm64_*.kit"),
            Compression = image.Compression,
            Level = 9,
            Signing = db,
            Output = at + ".efi",
        };
        if (!image.Repacked)
        {
            LabBench.Run(OperationCatalog.ZbootBuild, build);
        }
        else if (image.Series == bench.Series)
        {
            LabTree tree = LabTree.Require(image.Series, "arm64", image.Compression);
            LabBench.Run(OperationCatalog.ZbootRepack, new ZbootRepackOptions { Image = tree.Finished, Kit = tree.Kit(Path.GetDirectoryName(at)!), Signing = db, Output = at + ".efi" });
        }
        else
        {
            // As the build of 6.1 leaves it: not padded, and zstd has the length behind it. A lower level than there gives the same kind of frame. The
            // lab's own images of 6.1 have that kernel inside, which does not look at initrd=.
            string gzip = image.Compression == ZbootCompression.Gzip ? "gzip -n -9 -c" : "zstd -q -9 -c";
            (int exit, string output) = Command.Run("bash", "-c", $"""
                set -e
                cp '{bench.Kernel}' '{at}.bin'
                {gzip} < '{at}.bin' > '{at}.payload'
                [ {image.Compression} = Gzip ] || printf '%08x' "$(stat -c %s '{at}.bin')" | sed 's/\(..\)\(..\)\(..\)\(..\)/\\x\4\\x\3\\x\2\\x\1/' | xargs -0 printf >> '{at}.payload'
                """);
            exit.ShouldBe(0, output);
            LabBench.Run(OperationCatalog.ZbootBuild, build with { Signing = new(), Level = null, Payload = at + ".payload", Output = at + ".stock.efi" });
            LabBench.Run(OperationCatalog.ZbootRepack, new ZbootRepackOptions { Image = at + ".stock.efi", Signing = db, Output = at + ".efi" });
        }
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [at + ".efi"], Signing = db, Output = at + ".signed.efi" });
        return at + ".signed.efi";
    }
}
