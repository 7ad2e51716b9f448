using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Testset;
using KexecSign.Commands.Zboot;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests;

/// <summary>Linux 6.1: its zboot images in each compression as its own build makes them, and its kexec.</summary>
[Collection(nameof(LabBench))]
public sealed class OlderKernelLabTests(LabBench bench)
{
    private static readonly ImmutableArray<string> Compressions = ["gzip", "lz4", "lzma", "lzo", "xz", "zstd"];

    [SkippableFact]
    public void Stubs_of_6_1_boot_a_kernel_that_db_trusts_in_each_compression_and_no_other()
    {
        LabBench.RequireMachine();
        string older = LabKernel.Require("6.1"), work = bench.Work();
        ImmutableArray<string> files = [.. Compressions.Select(c => Signed(Path.Combine(older, $"vmlinuz-{c}.efi"), Path.Combine(work, $"{c}.efi")))];
        // 6.1 looks at initrd= only when it is built to; what it says first is enough.
        Firmware firmware = Firmware.Arm64 with { Booted = "Linux version 6.1." };
        X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(LabKernel.Authority);

        Require("inner signature by db", "boots", new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot(authority)) { Firmware = firmware }.Judge(files));
        // The outer signature holds all the same: the stub starts, and firmware refuses what it hands over.
        ImmutableArray<FirmwareAnswer> refused = new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot()) { Firmware = firmware }.Judge(files);
        Require("inner signature by another", "does not boot", refused);
        refused.ShouldAllBe(answer => answer.Accepted);
        refused[^1].Console.ShouldContain("EFI decompressor: Failed to load image");

        void Require(string what, string expected, ImmutableArray<FirmwareAnswer> answers) => bench.Report.Require(
            [.. Compressions.Zip(answers, (c, a) => new Outcome("zboot", $"6.1 {c}, {what}", expected, a.Booted ? "boots" : "does not boot", a.Seconds, a.Console))]);
    }

    [SkippableFact]
    public void Kexec_takes_what_is_unpacked_from_each_compression()
    {
        LabBench.RequireMachine();
        string older = LabKernel.Require("6.1"), work = bench.Work();
        KernelSession session = bench.UnderSecureBoot();
        foreach (string compression in Compressions)
        {
            string inner = Path.Combine(work, compression);
            LabBench.Run(OperationCatalog.ZbootExtract, new ZbootExtractOptions { Image = Path.Combine(older, $"vmlinuz-{compression}.efi"), Output = inner });
            // 6.12 has the authority among its own keys.
            session.Add(compression, $"kexec {session.Give(inner)}");
        }
        KernelAnswers answers = session.Run();
        bench.Report.Require([.. Compressions.Select(c => new Outcome(
            "kexec of the Image inside", $"6.1 {c}", "accepts", TestsetLabTests.Seen(answers, c), c == Compressions[0] ? answers.Seconds : 0, answers.Console))]);
    }

    [SkippableFact]
    public void Kexec_of_6_1_judges_each_image_as_that_of_6_12_does()
    {
        LabBench.RequireMachine();
        string kernel = Path.Combine(LabKernel.Require("6.1"), "Image"), signed = Path.Combine(bench.Work(), "Image");
        Signed(kernel, signed);
        KernelSession session = bench.UnderSecureBoot(signed);
        ImmutableArray<TestsetImage> images = bench.Set.Images;
        for (int i = 0; i < images.Length; i++)
            session.Add($"load{i}", $"kexec {session.Give(bench.InSet(images[i].File))}");
        KernelAnswers answers = session.Run();
        answers.Booted.ShouldNotBeNull(answers.Console).ShouldStartWith("KexecSign: booted 6.1.");
        bench.Report.Require([.. images.Select((image, i) => new Outcome(
            "kexec of 6.1", image.File, $"{image.KexecOfFile ?? image.Kexec}", TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
    }

    private string Signed(string image, string output)
    {
        var db = new SigningOptions { Key = bench.Key("db.key"), Certificate = bench.Key("db.pem") };
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [image], Signing = db, Output = output });
        return output;
    }
}
