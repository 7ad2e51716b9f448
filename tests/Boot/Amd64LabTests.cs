using System.Collections.Immutable;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
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
        bench.Report.Require([.. images.Select(i => new Outcome("verify --for firmware", $"amd64, {i.Name}", i.Expected, Verified(i.File), 0, ""))]);
        answers.Where(a => a.Accepted).ShouldAllBe(a => a.Booted);

        string Signed(string image, string key, string name)
        {
            string output = Path.Combine(work, name);
            var signing = new SigningOptions { Key = bench.Key(key + ".key"), Certificate = bench.Key(key + ".pem") };
            LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [image], Signing = signing, Existing = ExistingSignatures.Append, Output = output });
            return output;
        }
    }

    private string Verified(string file)
    {
        var options = new VerifyOptions { File = file, Certificates = [bench.Key("db.pem")], Consumers = [Consumer.Firmware] };
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
