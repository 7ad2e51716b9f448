using System.Collections.Immutable;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Parsers;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Fixtures;

namespace KexecSign.Boot.Tests;

/// <summary>
/// Debian's own kernels of Linux 7 load parsers with their BPF loader, verifier and JIT, and run them on images; what <c>simulate</c> says of
/// the same files must be what they do: every packet, every message, every byte of what comes out.
/// </summary>
[Collection(nameof(LabBench))]
public sealed class JudgeLabTests(LabBench bench)
{
    [SkippableTheory]
    [InlineData("arm64")]
    [InlineData("amd64")]
    public void A_kernel_does_with_parsers_what_was_simulated(string architecture)
    {
        JudgeModule module = JudgeModule.OfDebian(architecture);
        Command.Require(module.Board.Program, architecture == "arm64" ? "qemu-system-arm" : "qemu-system-x86");
        Tool.Require("clang", "bpftool", "aarch64-linux-gnu-gcc", "zstd");
        using var folder = new TempFolder();
        IReadOnlyList<ParserCase> cases = ParserCases.All(folder);

        (ImmutableArray<ImmutableArray<string>> reports, KernelAnswers answers) =
            JudgeSession.Run(module, cases, bench.Work(), InitProgram.Build(bench.Folder, module.Board));

        answers.Booted.ShouldNotBeNull(answers.Console);
        answers.Errno.Values.ShouldAllBe(e => e == 0, answers.Console);
        bench.Report.Require([.. cases.Zip(reports, (c, seen) => JudgeVerdict.Compare($"Linux 7 {architecture}", c, seen, folder, answers.Console))]);
    }
}
