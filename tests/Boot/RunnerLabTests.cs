using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.RegularExpressions;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Formats.Uefi;

namespace KexecSign.Boot.Tests;

/// <summary>The test set's own runner in a guest, with Debian's kexec-tools and no KexecSign.</summary>
[Collection(nameof(LabBench))]
public sealed partial class RunnerLabTests(LabBench bench)
{
    [SkippableFact]
    public void The_runner_agrees_with_a_kernel_under_Secure_Boot()
    {
        LabBench.RequireMachine();
        Run("kexec", bench.SecureBoot());
    }

    [SkippableFact]
    public void The_runner_agrees_with_IMA_that_has_the_key_from_db()
    {
        LabBench.RequireMachine();
        using var ima = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(bench.Key("ima.der"));
        // Without PK the kernel reads db, but Secure Boot is off.
        Run("ima", [.. bench.SecureBoot(ima).Where(v => v.Name == "db")]);
    }

    private void Run(string mode, ImmutableArray<UefiVariable> keys)
    {
        string work = bench.Work(), store = Path.Combine(work, "vars.fd"), initrd = DebianGuest.Write(work, bench.Set.Folder, ["expected.tsv", "run.sh", "images/raw", "images/ima"], $"sh ./run.sh {mode}");
        Firmware.Arm64.Write(keys, [], store);
        var clock = Stopwatch.StartNew();
        string console = Machine.Run(
            Firmware.Arm64.Program,
            [.. Firmware.Arm64.Arguments(store), "-m", "2048", "-kernel", bench.InSet("images/raw/signed.Image"), "-initrd", initrd, "-append", "console=ttyAMA0 quiet loglevel=0 panic=-1"],
            line => line.StartsWith("KexecSign: exit", StringComparison.Ordinal), seconds: 240);
        ImmutableArray<Outcome> outcomes =
            [.. Results().Matches(console).Select(m => new Outcome($"run.sh {mode}", m.Groups[2].Value, "ok", m.Groups[1].Value, 0, console))];
        bench.Report.Require([.. outcomes, new Outcome($"run.sh {mode}", "as a whole", "exit 0", console.Contains("KexecSign: exit 0", StringComparison.Ordinal) ? "exit 0" : "another", clock.Elapsed.TotalSeconds, console)]);
        outcomes.Length.ShouldBe(bench.Set.Images.Count(i => mode == "ima" ? i.Ima is not null : i.File.StartsWith("images/raw/", StringComparison.Ordinal) || i.Ima is not null), console);
    }

    [GeneratedRegex(@"^(ok|not ok) \d+ (\S+)", RegexOptions.Multiline)]
    private static partial Regex Results();
}
