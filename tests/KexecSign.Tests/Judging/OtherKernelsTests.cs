using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Judging;

namespace KexecSign.Tests.Judging;

/// <summary>Kernels that read no PE image; what they answer to appended signatures is judged by their own code in KernelTreeTests.</summary>
public sealed class OtherKernelsTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("s390x", Consumer.Firmware)]
    [InlineData("s390x", Consumer.Shim)]
    [InlineData("powerpc64", Consumer.Bpf)]
    public void There_is_no_EFI_on_their_machines(string architecture, Consumer consumer)
    {
        Verdict verdict = VerifyOperation.Definition.Run(
            new() { File = _bench.SignedImage(TestSigners.Rsa2048), Architecture = architecture, Consumers = [consumer] }, _bench.Context).Verdicts.ShouldHaveSingleItem();
        (verdict.Answer, verdict.Code).ShouldBe((Answer.Refuses, "KS4162"));
        verdict.Reason.ShouldContain(architecture);
    }

    public void Dispose() => _bench.Dispose();
}
