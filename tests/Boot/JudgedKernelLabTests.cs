using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Parsers;
using KexecSign.Catalog;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Zboot;
using KexecSign.Signing;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Boot.Tests;

/// <summary>
/// The whole way of a kexec with a parser, in the lab's kernel of Linux 7 under Secure Boot: the parser, made by <c>bpf compile</c>, unpacks what
/// <c>zboot build</c> made, and the same kernel's kexec_file_load takes the signed Image that comes out, or refuses it; one of them is started.
/// </summary>
[Collection(nameof(NextLabBench))]
public sealed class JudgedKernelLabTests(NextLabBench bench)
{
    private const string CommandLine = "console=ttyAMA0 panic=-1";

    [SkippableFact]
    public void Kexec_takes_the_kernel_that_a_parser_gives_and_it_runs()
    {
        bench.Require();
        JudgeModule module = JudgeModule.OfLab();
        Tool.Require("clang", "bpftool");
        string work = bench.Work(), store = Path.Combine(work, "vars.fd");
        using var folder = new TempFolder();
        KernelSession second = bench.WithoutSecureBoot();
        second.Add("second", "policy none");
        string initrd = second.WriteInitrd();
        (ParserCase Case, string Kexec)[] cases =
        [
            (V6("gzip, signed inside", work, Zboot("gzip", ZbootCompression.Gzip, bench.Kernel, work, isSigned: true)), "accepts"),
            (V6("zstd, signed inside", work, Zboot("zstd", ZbootCompression.Zstd, bench.Kernel, work, isSigned: true)), "accepts"),
            (V6("gzip, not signed inside", work, Zboot("unsigned", ZbootCompression.Gzip, bench.Kernel, work, isSigned: false)), "ENODATA"),
            (V6("gzip, changed after it was signed", work, Zboot("changed", ZbootCompression.Gzip, Changed(work), work, isSigned: false)), "EKEYREJECTED"),
            (V7("envelope, gzip, signed inside", work, Path.Combine(work, "gzip.efi"), initrd), "accepts"),
        ];
        Firmware.Arm64.Write(bench.SecureBoot(), [], store);
        var session = new KernelSession(bench.Work(), bench.Init) { Kernel = bench.InSet("images/raw/signed.Image"), Store = store, Parameters = "quiet loglevel=3" };
        LabKey key = LabKey.Rsa(work, "modules", certified: true);
        session.Add("key", $"key .secondary_trusted_keys {session.Give(key.DerFile)}");
        foreach (ParserAbi abi in (ParserAbi[])[ParserAbi.V6, ParserAbi.V7])
        {
            string name = $"kexec_judge_{abi.ToString().ToLowerInvariant()}", signed = Path.Combine(work, name + ".ko");
            LabBench.Run(OperationCatalog.ModuleSign, new ModuleSignOptions { Files = [Path.Combine(module.Folder, name + ".ko")], Output = signed, Signing = key.Signing() });
            session.Add($"insert-{name}", $"insert {session.Give(signed)}");
            for (int i = 0; i < cases.Length; i++)
            {
                if (cases[i].Case.Abi != abi)
                    continue;
                string file = session.Give(folder.File($"{i}.file", cases[i].Case.File)), image = cases[i].Case.Image is { } content ? session.Give(folder.File($"{i}.image", content)) : "";
                session.Add($"case-{i}", $"judge {file} {image}".TrimEnd());
                session.Add($"copy-{i}", $"copy /proc/kexec_judge_kernel /{i}.Image");
                session.Add($"kexec-{i}", $"kexec /{i}.Image");
            }
            session.Add($"remove-{name}", $"remove {name}");
        }
        session.Add("start", $"start /{cases.Length - 1}.Image {session.Give(initrd)}");
        KernelAnswers answers = session.Run();

        ILookup<string, string> reports = JudgeSession.Reports(answers);
        bench.Report.Require([.. cases.Select((c, i) => JudgeVerdict.Compare(bench.Judge("parser"), c.Case, [.. reports[$"case-{i}"]], folder, answers.Console))]);
        bench.Report.Require([.. cases.Select((c, i) => new Outcome(
            bench.Judge("kexec of what a parser gave"), c.Case.Name, c.Kexec, TestsetLabTests.Seen(answers, $"kexec-{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
        // A step that only the second kernel's initrd has; IMA knows no such rule.
        bench.Report.Require([new(bench.Judge("kexec of what a parser gave"), "and started", "EINVAL", TestsetLabTests.Seen(answers, "second"), 0, answers.Console)]);
        answers.Booted.ShouldNotBeNull(answers.Console).ShouldStartWith($"KexecSign: booted {bench.Series}.");
    }

    private SigningOptions Db => new() { Key = bench.Key("db.key"), Certificate = bench.Key("db.pem") };

    private string Zboot(string name, ZbootCompression compression, string image, string work, bool isSigned)
    {
        string output = Path.Combine(work, name + ".efi");
        LabBench.Run(
            OperationCatalog.ZbootBuild,
            new ZbootBuildOptions { Image = image, Kit = bench.Kit, Compression = compression, Level = 6, Signing = isSigned ? Db : new(), Output = output });
        return output;
    }

    // Signed, padded to its size, and then one bit of it.
    private string Changed(string work)
    {
        byte[] bytes = File.ReadAllBytes(bench.InSet("images/raw/signed.Image"));
        bytes[bytes.Length / 3] ^= 1;
        string changed = Path.Combine(work, "changed.Image");
        File.WriteAllBytes(changed, bytes);
        return changed;
    }

    private ParserCase V6(string name, string work, string zboot)
    {
        string embedded = zboot + ".bpf", signed = zboot + ".signed";
        LabBench.Run(OperationCatalog.BpfEmbed, new BpfEmbedOptions { Image = zboot, Parser = Parser("v6", work), Output = embedded });
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [embedded], Signing = Db, Output = signed });
        return new(name, ParserAbi.V6, File.ReadAllBytes(signed));
    }

    private static ParserCase V7(string name, string work, string zboot, string initrd)
    {
        string parsers = Path.Combine(work, "zboot.bpf"), envelope = Path.Combine(work, "envelope.elf");
        LabBench.Run(OperationCatalog.BpfContainer, new BpfContainerOptions { Parsers = [Parser("v7", work)], Output = parsers });
        LabBench.Run(OperationCatalog.BpfEnvelope, new BpfEnvelopeOptions { Kernel = zboot, Initrd = initrd, CommandLine = CommandLine, Output = envelope });
        return new(name, ParserAbi.V7, File.ReadAllBytes(parsers), File.ReadAllBytes(envelope));
    }

    private static string Parser(string abi, string work)
    {
        string output = Path.Combine(work, $"zboot.{abi}.o");
        if (!File.Exists(output))
            LabBench.Run(OperationCatalog.BpfCompile, new BpfCompileOptions { Parser = "zboot", Abi = abi, Output = output });
        return output;
    }
}
