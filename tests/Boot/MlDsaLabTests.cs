using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;

namespace KexecSign.Boot.Tests;

/// <summary>
/// Values by ML-DSA keys and of version 3, which the program makes, before IMA and EVM of Linux 7.3; <c>verify</c> must say the same.
/// </summary>
[Collection(nameof(NextLabBench))]
public sealed class MlDsaLabTests(NextLabBench bench)
{
    // EVM_INIT_X509 and EVM_SIGV3_REQUIRED (security/integrity/evm/evm.h).
    private const string DemandVersion3 = "0xa";

    [SkippableFact]
    public void Ima_takes_ML_DSA_in_version_3_and_nothing_that_was_changed() => ImaVerdicts.Require(bench, "imasig",
    [
        new("ML-DSA-44, SHA-256", "mldsa44", "accepts", ["--digest", "sha256"]),
        new("ML-DSA-65, SHA-384", "mldsa65", "accepts", ["--digest", "sha384"]),
        new("ML-DSA-87, SHA-512", "mldsa87", "accepts"),
        new("RSA, version 3", "rsa", "accepts", ["--version", "3"]),
        new("P-256, version 3", "p256", "accepts", ["--version", "3"]),
        new("RSA, version 2", "rsa", "accepts"),
        new("ML-DSA-65, a byte of the signature changed", "mldsa65", "EACCES") { Change = value => value[100] ^= 1 },
        new("ML-DSA-65, said to be of version 2", "mldsa65", "EACCES") { Change = value => value[1] = 2 },
        new("ML-DSA-65, said to be over another hash", "mldsa65", "EACCES") { Change = value => value[2] = 4 },
        new("ML-DSA-65, over the hash of the structure", "mldsa65", "EACCES") { IsOverHash = true },
        new("ML-DSA-65, of a file that was changed", "mldsa65", "EACCES") { IsOfAnother = true },
        new("ML-DSA-65, a key that is not in .ima", "other", "EACCES"),
    ]);

    [SkippableFact]
    public void A_rule_for_sigv3_takes_version_3_alone_and_EVM_can_demand_the_same()
    {
        bench.Require();
        using var session = new ImaSession(bench, "sigv3");
        (string Name, string Ima, string Evm, string[] Options, string Expected, Action<byte[]>? Change)[] files =
        [
            ("ML-DSA-44 for both", "mldsa44", "mldsa44", [], "accepts", null),
            ("ML-DSA-87 for both", "mldsa87", "mldsa87", [], "accepts", null),
            ("ML-DSA-65, EVM by RSA in version 3", "mldsa65", "rsa", ["--version", "3"], "accepts", null),
            ("ML-DSA-65, EVM by RSA in version 2", "mldsa65", "rsa", [], "EACCES", null),
            ("RSA in version 2, EVM by ML-DSA-65", "rsa", "mldsa65", [], "EACCES", null),
            ("ML-DSA-65, EVM for another group", "mldsa65", "mldsa65", ["--gid", "1"], "EACCES", null),
            ("ML-DSA-65, a byte of the EVM signature changed", "mldsa65", "mldsa65", [], "EACCES", value => value[100] ^= 1),
            ("ML-DSA-65, EVM by a key that is not in .evm", "mldsa65", "other", [], "EACCES", null),
        ];
        ImmutableArray<string> given = [.. files.Select((f, i) => Give(session, f.Ima, f.Evm, f.Options, f.Change, i))];
        // From here on EVM judges; what it judges cannot be given other attributes any more.
        session.Kernel.Add("demand", $"evm {DemandVersion3}");
        for (int i = 0; i < files.Length; i++)
            session.Kernel.Add($"load{i}", $"kexec {given[i]}");

        KernelAnswers answers = session.Kernel.Run();

        session.RequireKeys(answers);
        answers.Errno["demand"].ShouldBe(0);
        bench.Report.Require([.. files.Select((f, i) => new Outcome(
            bench.Judge("EVM"), f.Name, f.Expected, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
    }

    private static string Give(ImaSession session, string ima, string evm, string[] options, Action<byte[]>? change, int number)
    {
        string copy = session.Copy($"{number}.Image");
        session.Program.Succeed(["ima", "sign", copy, "--sidecar", .. session.Signer(ima)]);
        byte[] value = File.ReadAllBytes(copy + ".sig");
        // Files of an initrd are root's, and of mode 0755 as the session writes them.
        File.SetUnixFileMode(copy, (UnixFileMode)0x1ED);
        string[] owner = options.Contains("--gid") ? ["--uid", "0"] : ["--uid", "0", "--gid", "0"];
        session.Program.Succeed(["evm", "sign", copy, "--sidecar", "--ima", Convert.ToHexStringLower(value), .. session.Signer(evm), .. owner, .. options]);
        byte[] metadata = File.ReadAllBytes(copy + ".evm.sig");
        change?.Invoke(metadata);
        File.WriteAllBytes(copy + ".evm.sig", metadata);

        string file = session.Kernel.Give(copy);
        session.Kernel.Add($"ima{number}", $"xattr {file} security.ima {session.Kernel.Give(copy + ".sig")}");
        session.Kernel.Add($"evm{number}", $"xattr {file} security.evm {session.Kernel.Give(copy + ".evm.sig")}");
        return file;
    }
}

/// <summary>The same values before a kernel that came before them.</summary>
[Collection(nameof(LabBench))]
public sealed class OlderImaLabTests(LabBench bench)
{
    [SkippableFact]
    public void Linux_6_12_takes_neither_version_3_nor_ML_DSA() => ImaVerdicts.Require(bench, "imasig",
    [
        new("RSA, version 2", "rsa", "accepts"),
        new("P-256, version 2", "p256", "accepts"),
        new("RSA, version 3", "rsa", "EACCES", ["--version", "3"]),
        new("ML-DSA-65", "mldsa65", "EACCES"),
    ]);
}
