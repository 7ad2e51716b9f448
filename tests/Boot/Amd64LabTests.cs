using System.Collections.Immutable;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Signatures;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests;

/// <summary>OVMF with Secure Boot on Debian's kernels for amd64; <c>verify</c> must say the same.</summary>
[Collection(nameof(LabBench))]
public sealed class Amd64LabTests(LabBench bench)
{
    [SkippableFact]
    public void Firmware_judges_kernels_of_amd64_as_verify_does()
    {
        LabBench.RequireMachine();
        Command.Require("qemu-system-x86_64", "qemu-system-x86");
        Command.Require(Firmware.Amd64.Code, "ovmf");
        string unsigned = DebianKernel.Require("linux-image-6.12*-cloud-amd64-unsigned_*"), debian = DebianKernel.Require("linux-image-6.12*+deb*-amd64_*");
        string work = bench.Work();
        (string Name, string File, string Expected)[] images =
        [
            ("unsigned", unsigned, "refuses"),
            ("signed by Debian, whom db does not know", debian, "refuses"),
            ("signed by a key that nobody trusts", Signed(unsigned, "other", "other"), "refuses"),
            ("one bit changed after signing", Changed(Signed(unsigned, "db", "changed")), "refuses"),
            ("signed by db", Signed(unsigned, "db", "signed"), "accepts"),
            ("signed by Debian and by db", Signed(debian, "db", "both"), "accepts"),
        ];

        ImmutableArray<FirmwareAnswer> answers = new FirmwareSession(work, bench.Init, bench.SecureBoot()) { Firmware = Firmware.Amd64 }.Judge([.. images.Select(i => i.File)]);

        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome("OVMF", i.Name, i.Expected, a.Accepted ? "accepts" : "refuses", a.Seconds, a.Console))]);
        bench.Report.Require([.. images.Select(i => new Outcome("verify --for firmware", $"amd64, {i.Name}", i.Expected, Verified(i.File, Consumer.Firmware), 0, ""))]);
        answers.Where(a => a.Accepted).ShouldAllBe(a => a.Booted);

        string Signed(string image, string key, string name) => Sign(image, key, Path.Combine(work, name));
    }

    [SkippableTheory]
    [InlineData("6.12")]
    [InlineData("7.3")]
    public void Kexec_of_Debian_s_kernels_of_amd64_judges_as_verify_does(string series)
    {
        LabBench.RequireMachine();
        Command.Require("qemu-system-x86_64", "qemu-system-x86");
        Command.Require(Firmware.Amd64.Code, "ovmf");
        string debian = series == "6.12" ? DebianKernel.Require("linux-image-6.12*+deb*-amd64_*") : DebianKernel.RequireNext("amd64");
        string work = bench.Work(), store = Path.Combine(work, "vars.fd"), unsigned = Path.Combine(work, "unsigned");
        LabBench.Run(OperationCatalog.SignaturesRemove, new SignaturesRemoveOptions { File = debian, All = true, Output = unsigned });
        (string Name, string File, string Expected)[] images =
        [
            ("unsigned", unsigned, "ENODATA"),
            ("signed by Debian, whom nobody trusts here", debian, "ENOKEY"),
            ("signed by a key that nobody trusts", Sign(unsigned, "other", Path.Combine(work, "other")), "ENOKEY"),
            ("one bit changed after signing", Changed(Sign(unsigned, "db", Path.Combine(work, "changed"))), "EKEYREJECTED"),
            ("signed by db", Sign(unsigned, "db", Path.Combine(work, "signed")), "accepts"),
            // The kernel looks at the first signature and no other.
            ("signed by Debian, then by db", Sign(debian, "db", Path.Combine(work, "second")), "ENOKEY"),
        ];
        Firmware.Amd64.Write(bench.SecureBoot(), [], store);
        var session = new KernelSession(bench.Work(), InitProgram.Build(bench.Folder, Board.Amd64))
        {
            Kernel = Path.Combine(work, "signed"),
            Board = Board.Amd64,
            Firmware = Firmware.Amd64,
            Store = store,
            Parameters = "quiet loglevel=3",
        };
        for (int i = 0; i < images.Length; i++)
            session.Add($"load{i}", $"kexec {session.Give(images[i].File)}");
        KernelAnswers answers = session.Run();

        answers.Booted.ShouldNotBeNull(answers.Console).ShouldEndWith(" SecureBoot=1");
        bench.Report.Require([.. images.Select((image, i) => new Outcome(
            $"kexec of Debian {series}, amd64", image.Name, image.Expected, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
        bench.Report.Require([.. images.Select(i => new Outcome(
            "verify --for kexec", $"amd64 {series}, {i.Name}", i.Expected == "accepts" ? "accepts" : "refuses", Verified(i.File, Consumer.Kexec), 0, ""))]);
    }

    private string Sign(string image, string key, string output)
    {
        var signing = new SigningOptions { Key = bench.Key(key + ".key"), Certificate = bench.Key(key + ".pem") };
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [image], Signing = signing, Existing = ExistingSignatures.Append, Output = output });
        return output;
    }

    private string Verified(string file, Consumer consumer)
    {
        var options = new VerifyOptions { File = file, Certificates = [bench.Key("db.pem")], Consumers = [consumer] };
        return LabBench.Run(OperationCatalog.Verify, options).Verdicts.Single().Answer == Answer.Accepts ? "accepts" : "refuses";
    }

    private static string Changed(string image)
    {
        byte[] bytes = File.ReadAllBytes(image);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(image, bytes);
        return image;
    }
}
