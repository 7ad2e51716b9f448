using KexecSign.Commands.Simulate;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Uki;

/// <summary>What kernels with kexec BPF get out of an image that was built and signed here.</summary>
public sealed class UkiSimulationTests : IDisposable
{
    private readonly UkiBench _uki = new();

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Every_series_gets_kernel_initrds_and_command_line_out_of_a_signed_image(int abi)
    {
        string first = _uki.Initrd(1001), second = _uki.Initrd(500, 8);
        UkiResult built = _uki.Build(o => o with
        {
            Inner = _uki.Bench.Identity(TestSigners.Other),
            Signing = _uki.Bench.Identity(TestSigners.Rsa2048),
            Contents = o.Contents with { Initrds = [first, second], Parser = abi == 7 ? null : Parser(abi) },
        });
        SimulateResult result = SimulateOperation.Definition.Run(
            abi == 7
                ? new() { File = _uki.Folder.File("uki.bpf", Containers.Elf((".bpf.1", ParserSources.Object("uki", 7)))), Image = built.File, Output = _uki.Folder.At("result") }
                : new() { File = built.File, Output = _uki.Folder.At("result") },
            _uki.Bench.Context);
        result.Succeeded.ShouldBeTrue(result.Fault?.Reason);
        result.Abi.ToString().ShouldBe($"V{abi}");

        byte[] kernel = File.ReadAllBytes(result.Kernel!.File!);
        kernel.ShouldBe(UkiBench.Section(built.File, ".linux"));
        kernel.Length.ShouldBe((int)UkiBench.Header(built.File, ".linux").SizeOfRawData);
        File.ReadAllBytes(result.Initrd!.File!)[..(1004 + 500)].ShouldBe([.. File.ReadAllBytes(first), 0, 0, 0, .. File.ReadAllBytes(second)]);
        result.CommandLine.ShouldBe("root=/dev/vda quiet");
        // The signature of the kernel survives the way through the parser.
        Tool.Ask("sbverify", "--cert", TestSigners.Other.CertificateFile(_uki.Folder), result.Kernel.File!).Exit.ShouldBe(0);
    }

    public void Dispose() => _uki.Dispose();

    private string Parser(int abi) => _uki.Folder.File("uki.o", ParserSources.Object("uki", abi));
}
